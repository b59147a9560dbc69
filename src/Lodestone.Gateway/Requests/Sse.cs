using System.Buffers;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>Writes events and lines whose data is a JSON object.</summary>
internal static class Sse
{
    /// <summary>A server-sent event with a name, as dialects younger than OpenAI's first have it.</summary>
    public static void Named(IBufferWriter<byte> body, ReadOnlySpan<byte> name, Action<Utf8JsonWriter> write)
    {
        body.Write("event: "u8);
        body.Write(name);
        body.Write("\ndata: "u8);
        Object(body, write);
        body.Write("\n\n"u8);
    }

    /// <summary>A server-sent event without a name.</summary>
    public static void Plain(IBufferWriter<byte> body, Action<Utf8JsonWriter> write)
    {
        body.Write("data: "u8);
        Object(body, write);
        body.Write("\n\n"u8);
    }

    /// <summary>A line of newline-delimited JSON.</summary>
    public static void Line(IBufferWriter<byte> body, Action<Utf8JsonWriter> write)
    {
        Object(body, write);
        body.Write("\n"u8);
    }

    private static void Object(IBufferWriter<byte> body, Action<Utf8JsonWriter> write)
    {
        using var json = new Utf8JsonWriter(body);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }
}
