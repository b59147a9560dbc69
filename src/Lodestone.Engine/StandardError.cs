using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Engine;

/// <summary>The worker's one way to say what went wrong outside of a request: a line of JSON, <c>{"error":"…"}</c>, on standard error.</summary>
internal static class StandardError
{
    private const int Descriptor = 2;

    public static void Report(string error)
    {
        using var handle = new SafeFileHandle(Descriptor, ownsHandle: false);
        using var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("error", error);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        stream.Write(line.ToArray());
    }
}
