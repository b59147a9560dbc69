using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Answers clients that ask whether a chunk need not be sent.</summary>
internal static class Deduplication
{
    public static void MapDeduplication(this IEndpointRouteBuilder xet)
    {
        foreach (var place in (string[])["/v1/chunks", "/chunks", "/chunk"])
        {
            xet.MapGet($"{place}/{Xet.Prefix}/{{hash}}", Ask);
        }
    }

    private static async Task<IResult> Ask(string hash, XetTokens tokens, ChunkAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var token = await tokens.RequireAsync(request, XetScope.Read, cancel);
        var answer = XetHash.TryParse(hash, out var chunk)
            ? await answers.FindAsync(token, chunk, cancel)
            : throw new Refusal(RefusalCode.Invalid, "A chunk is named by a hash of 64 lower-case hex digits.");
        return answer is not null
            ? Results.Bytes(answer, "application/octet-stream")
            : throw new Refusal(RefusalCode.NotFound, $"Nothing is known of chunk {chunk}. Send it.");
    }
}
