using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>One line of a commit: <c>{"key": …, "value": {…}}</c>. The content, which may be megabytes, is left where it lies until asked for.</summary>
internal sealed class CommitLine
{
    private readonly Dictionary<string, string?> _texts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _numbers = new(StringComparer.Ordinal);
    private readonly ReadOnlySequence<byte> _line;
    private long? _contentAt;

    private CommitLine(ReadOnlySequence<byte> line) => _line = line;

    public string? Key { get; private set; }

    /// <exception cref="JsonException">Not an object of that form.</exception>
    public static CommitLine Parse(ReadOnlySequence<byte> line)
    {
        var parsed = new CommitLine(line);
        var json = new Utf8JsonReader(line);
        Expect(ref json, JsonTokenType.StartObject);
        while (Next(ref json) is JsonTokenType.PropertyName)
        {
            var isValue = json.ValueTextEquals("value"u8);
            var isKey = json.ValueTextEquals("key"u8);
            Next(ref json);
            if (isKey)
            {
                parsed.Key = json.TokenType is JsonTokenType.String ? json.GetString() : throw new JsonException();
            }
            else if (isValue && json.TokenType is JsonTokenType.StartObject)
            {
                parsed.ReadValue(ref json);
            }
            else
            {
                json.Skip();
            }
        }

        return json.Read() ? throw new JsonException() : parsed;
    }

    public string? Text(string name) => _texts.GetValueOrDefault(name);

    public long? Number(string name) => _numbers.TryGetValue(name, out var number) ? number : null;

    /// <summary>The <c>content</c> member's text as bytes; the caller disposes of it.</summary>
    public LineContent? Content()
    {
        if (_contentAt is not { } start)
        {
            return null;
        }

        // A fresh reader stands on the string alone: readers cannot be kept between calls.
        var json = new Utf8JsonReader(_line.Slice(start));
        json.Read();
        var length = json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;
        var buffer = ArrayPool<byte>.Shared.Rent((int)length);
        return new LineContent(buffer, json.CopyString(buffer));
    }

    private void ReadValue(ref Utf8JsonReader json)
    {
        while (Next(ref json) is JsonTokenType.PropertyName)
        {
            var name = json.GetString()!; // a property's name is text
            Next(ref json);
            if (name is "content" && json.TokenType is JsonTokenType.String)
            {
                _contentAt = json.TokenStartIndex;
            }
            else if (json.TokenType is JsonTokenType.String)
            {
                _texts[name] = json.GetString();
            }
            else if (json.TokenType is JsonTokenType.Number && json.TryGetInt64(out var number))
            {
                _numbers[name] = number;
            }
            else
            {
                json.Skip();
            }
        }
    }

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type)
    {
        if (Next(ref json) != type)
        {
            throw new JsonException();
        }
    }

    private static JsonTokenType Next(ref Utf8JsonReader json) => json.Read() ? json.TokenType : throw new JsonException();
}

/// <summary>A file's content in a pooled buffer.</summary>
internal sealed class LineContent(byte[] buffer, int length) : IDisposable
{
    public int Length { get; private set; } = length;

    public ReadOnlySpan<byte> Span => buffer.AsSpan(0, Length);

    /// <returns>Bytes decoded; null when the content is not base64.</returns>
    public int? DecodeBase64()
    {
        var status = Base64.DecodeFromUtf8InPlace(buffer.AsSpan(0, Length), out var written);
        Length = written;
        return status is OperationStatus.Done ? written : null;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}
