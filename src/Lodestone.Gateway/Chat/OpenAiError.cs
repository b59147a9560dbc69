using System.Buffers;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A refusal within a stream that has begun: OpenAI's clients raise it.</summary>
internal static class OpenAiError
{
    public static void WriteEvent(IBufferWriter<byte> body, Refusal refusal, string requestId)
    {
        var error = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["message"] = refusal.Message,
            ["type"] = refusal.Code.Status >= 500 ? "server_error" : "invalid_request_error",
            ["param"] = refusal.Param,
            ["code"] = refusal.Code.Code,
            ["request_id"] = requestId,
        };
        body.Write("data: {\"error\":"u8);
        body.Write(JsonSerializer.SerializeToUtf8Bytes(error));
        body.Write("}\n\n"u8);
    }
}
