using System.Text.Json;
using System.Text.RegularExpressions;

namespace Lodestone.Gateway;

/// <summary>The tools that a chat request offers, and which of them the model is to use.</summary>
internal static partial class ToolRules
{
    private const int MostTools = 128;

    public static bool IsPassedOn(string name) => name is "parallel_tool_calls";

    public static void Check(JsonElement body, List<Need> needs)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (BodyRules.TryGet(body, "tools", out var tools))
        {
            if (tools.ValueKind is not JsonValueKind.Array || tools.GetArrayLength() > MostTools)
            {
                throw GatewayRefusals.Invalid("tools", $"must be an array of at most {MostTools} tools.");
            }

            foreach (var (tool, param) in BodyRules.Items(tools, "tools"))
            {
                CheckTool(tool, param, names);
            }
        }

        BodyRules.Flag(body, "parallel_tool_calls");
        CheckChoice(body, names);
        if (names.Count > 0)
        {
            needs.Add(new Need(ModelFeatures.Tools, "tools"));
        }
    }

    /// <summary>The calls of an assistant's message.</summary>
    public static IEnumerable<string> CheckCalls(JsonElement calls, string param)
    {
        if (calls.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid(param, "must be an array of calls.");
        }

        foreach (var (call, name) in BodyRules.Items(calls, param))
        {
            Object(call, name);
            yield return BodyRules.RequiredText(call, "id", $"{name}.id");
            CheckType(call, name);
            var function = BodyRules.RequiredObject(call, "function", $"{name}.function");
            BodyRules.RequiredText(function, "name", $"{name}.function.name");
            if (BodyRules.OptionalText(function, "arguments", $"{name}.function.arguments") is null)
            {
                throw GatewayRefusals.Missing($"{name}.function.arguments");
            }
        }
    }

    private static void CheckTool(JsonElement tool, string param, HashSet<string> names)
    {
        Object(tool, param);
        CheckType(tool, param);
        var function = BodyRules.RequiredObject(tool, "function", $"{param}.function");
        var name = BodyRules.RequiredText(function, "name", $"{param}.function.name");
        if (!Name().IsMatch(name))
        {
            throw GatewayRefusals.Invalid($"{param}.function.name", "must be 1 to 64 letters, digits, underscores, hyphens and full stops.");
        }

        if (!names.Add(name))
        {
            throw GatewayRefusals.Invalid($"{param}.function.name", $"is '{name}', as another tool is called.");
        }

        BodyRules.OptionalText(function, "description", $"{param}.function.description");
        BodyRules.Flag(function, "strict", $"{param}.function.strict");
        if (BodyRules.OptionalObject(function, "parameters", $"{param}.function.parameters") is { } schema)
        {
            SchemaRules.Check(schema, $"{param}.function.parameters");
        }
    }

    private static void CheckChoice(JsonElement body, HashSet<string> names)
    {
        if (!BodyRules.TryGet(body, "tool_choice", out var choice))
        {
            return;
        }

        if (choice.ValueKind is JsonValueKind.String)
        {
            CheckChoice(BodyRules.Text(choice, "tool_choice"), names);
            return;
        }

        if (choice.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid("tool_choice", "must be none, auto, required, or an object that names a function.");
        }

        var type = BodyRules.RequiredText(choice, "type", "tool_choice.type");
        if (type is "allowed_tools")
        {
            return;
        }

        CheckType(choice, "tool_choice");
        var name = BodyRules.RequiredText(BodyRules.RequiredObject(choice, "function", "tool_choice.function"), "name", "tool_choice.function.name");
        if (!names.Contains(name))
        {
            throw GatewayRefusals.Invalid("tool_choice.function.name", $"is '{name}', which is none of the tools.");
        }
    }

    private static void CheckChoice(string choice, HashSet<string> names)
    {
        if (choice is not ("none" or "auto" or "required" or "any"))
        {
            throw GatewayRefusals.Invalid("tool_choice", "must be none, auto, required, or an object that names a function.");
        }

        if (choice is "required" or "any" && names.Count == 0)
        {
            throw GatewayRefusals.Invalid("tool_choice", "asks for a tool, but there are no tools.");
        }
    }

    private static void CheckType(JsonElement owner, string param)
    {
        if ((BodyRules.OptionalText(owner, "type", $"{param}.type") ?? "function") is not "function")
        {
            throw GatewayRefusals.Invalid($"{param}.type", "must be function.");
        }
    }

    private static void Object(JsonElement value, string param)
    {
        if (value.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with a 'function'.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_.-]{1,64}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
