using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Engine;

/// <summary>The worker's one way to say what went wrong outside of a request: a line of JSON, <c>{"error":"…"}</c>, on standard error.</summary>
internal static class StandardError
{
    public static void Report(string error) => JsonLine.Write(descriptor: 2, json => json.WriteString("error", error));
}

/// <summary>A line with a JSON object on one of the process's standard streams.</summary>
internal static class JsonLine
{
    public static void Write(int descriptor, Action<Utf8JsonWriter> members)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        using var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        stream.Write(line.ToArray());
    }
}
