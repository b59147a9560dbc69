using System.Text.Json;
using Lodestone.Engine.Http;

namespace Lodestone.Engine.Tools;

/// <summary>Whether the model may, must or must not call tools.</summary>
/// <param name="Tools">Those that it may call; none of them if it must not.</param>
/// <param name="IsForced">It must call one.</param>
internal sealed record ToolChoice(IReadOnlyList<Tool> Tools, bool IsForced)
{
    public static readonly ToolChoice None = new([], IsForced: false);

    /// <exception cref="ApiFault"><c>tool_choice</c> is malformed or names a tool that is not there.</exception>
    public static ToolChoice Read(JsonElement? choice, IReadOnlyList<Tool> tools)
    {
        if (choice is { ValueKind: JsonValueKind.Object } named)
        {
            return Named(named, tools);
        }

        var word = choice is { } value ? RequestBody.Text(value, "tool_choice") : "auto";
        return word switch
        {
            "none" => None,
            "auto" => new ToolChoice(tools, IsForced: false),
            "required" or "any" when tools.Count > 0 => new ToolChoice(tools, IsForced: true),
            "required" or "any" => throw ApiFault.Invalid("tool_choice", "'tool_choice' demands a tool, and 'tools' has none."),
            _ => throw ApiFault.Invalid("tool_choice", "'tool_choice' must be none, auto, required or name a function."),
        };
    }

    private static ToolChoice Named(JsonElement named, IReadOnlyList<Tool> tools)
    {
        if (named.TryGetProperty("allowed_tools", out var allowed) && allowed.ValueKind is JsonValueKind.Object && allowed.TryGetProperty("tools", out var list))
        {
            var names = list.ValueKind is JsonValueKind.Array ? list.EnumerateArray().Select(Name).ToHashSet(StringComparer.Ordinal) : [];
            var chosen = tools.Where(tool => names.Contains(tool.Name)).ToList();
            var mustCall = allowed.TryGetProperty("mode", out var mode) && mode.ValueKind is JsonValueKind.String && mode.ValueEquals("required");
            return new ToolChoice(chosen, mustCall && chosen.Count > 0);
        }

        var name = Name(named);
        return tools.FirstOrDefault(tool => string.Equals(tool.Name, name, StringComparison.Ordinal)) is { } found
            ? new ToolChoice([found], IsForced: true)
            : throw ApiFault.Invalid("tool_choice", $"'tool_choice' names the function '{name}', which is not among 'tools'.");
    }

    private static string Name(JsonElement tool) =>
        tool.ValueKind is JsonValueKind.Object && tool.TryGetProperty("function", out var function) && function.ValueKind is JsonValueKind.Object
        && function.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String
            ? RequestBody.Text(name, "tool_choice.function.name")
            : throw ApiFault.Invalid("tool_choice", "'tool_choice' must name a function: {\"type\":\"function\",\"function\":{\"name\":…}}.");
}
