using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Lodestone.Billing;

/// <summary>One text for JSON that means the same: members by name, no white space, numbers as they were written. For one thread.</summary>
internal sealed class CanonicalJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> _bytes = new(512);
    private readonly Utf8JsonWriter _writer;

    public CanonicalJson() => _writer = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <param name="mostBytes">Of the text.</param>
    /// <returns><see langword="null"/> when the text would be longer.</returns>
    /// <exception cref="InvalidOperationException">A string has half a character.</exception>
    public string? Write(JsonElement value, int mostBytes)
    {
        _bytes.ResetWrittenCount();
        _writer.Reset();
        Write(value);
        _writer.Flush();
        return _bytes.WrittenCount <= mostBytes ? Encoding.UTF8.GetString(_bytes.WrittenSpan) : null;
    }

    public void Dispose() => _writer.Dispose();

    private void Write(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                _writer.WriteStartObject();
                foreach (var member in InOrder(value))
                {
                    _writer.WritePropertyName(member.Name);
                    Write(member.Value);
                }

                _writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                _writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(item);
                }

                _writer.WriteEndArray();
                break;
            default:
                value.WriteTo(_writer);
                break;
        }
    }

    private static JsonProperty[] InOrder(JsonElement value)
    {
        var members = new JsonProperty[value.GetPropertyCount()];
        var names = new string[members.Length];
        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            names[count] = member.Name;
            members[count++] = member;
        }

        Array.Sort(names, members, StringComparer.Ordinal);
        return members;
    }
}
