using System.Buffers;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What every chunk of an answer begins with: same id and time throughout, as clients expect.</summary>
/// <param name="Id">Begins with <c>chatcmpl-</c>.</param>
/// <param name="Created">When the call came.</param>
/// <param name="Model">As the client named it.</param>
internal sealed record AnswerHead(string Id, DateTimeOffset Created, string Model)
{
    /// <summary>An object's beginning, without its end: <c>{"id":…,"object":…,"created":…,"model":…</c>.</summary>
    public byte[] Open(string kind)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        WriteTo(json, kind);
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public void WriteTo(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", Created.ToUnixTimeSeconds());
        json.WriteString("model", Model);
    }
}
