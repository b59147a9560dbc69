using System.Buffers;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What every chunk of an answer begins with: same id and time throughout, as clients expect.</summary>
/// <param name="CallId">The call's, as it is in the ledger.</param>
/// <param name="Created">When the call came.</param>
/// <param name="Model">As the client named it.</param>
internal sealed record AnswerHead(Guid CallId, DateTimeOffset Created, string Model)
{
    /// <summary>The answer's id, as a dialect begins it: <c>chatcmpl-</c>.</summary>
    public string Id(string prefix) => $"{prefix}{CallId:N}";

    /// <summary>An object's beginning, without its end: <c>{"id":…,"object":…,"created":…,"model":…</c>.</summary>
    public byte[] Open(string prefix, string kind)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        WriteTo(json, prefix, kind);
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public void WriteTo(Utf8JsonWriter json, string prefix, string kind)
    {
        json.WriteString("id", Id(prefix));
        json.WriteString("object", kind);
        json.WriteNumber("created", Created.ToUnixTimeSeconds());
        json.WriteString("model", Model);
    }
}
