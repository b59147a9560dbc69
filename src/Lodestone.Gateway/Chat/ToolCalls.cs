using System.Text;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>A piece of a tool call, as it comes within a stream: id and name once, arguments bit by bit.</summary>
internal sealed record ToolCallPiece(int Index, string? Id, string? Name, string Arguments);

internal static class ToolCallPieces
{
    /// <param name="calls">The array of an event.</param>
    /// <param name="take">Is given every piece in it.</param>
    public static void Read(ReadOnlySpan<byte> calls, Action<ToolCallPiece> take)
    {
        var json = new Utf8JsonReader(calls);
        using var document = JsonDocument.ParseValue(ref json);
        var place = 0;
        foreach (var call in document.RootElement.EnumerateArray())
        {
            var function = BodyRules.TryGet(call, "function", out var named) ? named : default;
            take(new ToolCallPiece(
                BodyRules.TryGet(call, "index", out var index) && index.TryGetInt32(out var number) ? number : place,
                Text(call, "id"),
                function.ValueKind is JsonValueKind.Object ? Text(function, "name") : null,
                (function.ValueKind is JsonValueKind.Object ? Text(function, "arguments") : null) ?? ""));
            place++;
        }
    }

    private static string? Text(JsonElement owner, string name) =>
        BodyRules.TryGet(owner, name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}

/// <summary>A tool call, put together from its pieces.</summary>
internal sealed class CollectedCall
{
    private readonly StringBuilder _arguments = new();

    public string Id { get; private set; } = "";

    public string Name { get; private set; } = "";

    /// <summary>JSON, unless the model was cut off.</summary>
    public string Arguments => _arguments.ToString();

    /// <summary>The arguments as an object, which is empty when the model was cut off.</summary>
    public void WriteArguments(Utf8JsonWriter json)
    {
        try
        {
            using var document = JsonDocument.Parse(Arguments);
            document.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
    }

    public void Add(ToolCallPiece piece)
    {
        Id = piece.Id ?? Id;
        Name = piece.Name ?? Name;
        _arguments.Append(piece.Arguments);
    }
}
