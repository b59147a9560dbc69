using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Takes xorbs in.</summary>
internal static class XorbUpload
{
    /// <summary>Bytes: the records, and the footer that some clients send behind them.</summary>
    private const long MostBytes = 66 * 1024 * 1024;

    public static void MapXorbUpload(this IEndpointRouteBuilder xet)
    {
        foreach (var place in (string[])["/v1/xorbs", "/xorbs", "/xorb"])
        {
            xet.MapPost($"{place}/{Xet.Prefix}/{{hash}}", Upload).WithMetadata(new RequestSizeLimitAttribute(MostBytes));
            xet.MapMethods($"{place}/{Xet.Prefix}/{{hash}}", [HttpMethods.Head], Find);
        }
    }

    /// <summary>
    /// Checked as it comes, durable before the row, and the row before the answer. Who else has sent the xorb before is not told:
    /// what counts as new is what this client could not use.
    /// </summary>
    private static async Task<IResult> Upload(string hash, XetTokens tokens, XorbStore store, XorbEntry entry, HttpRequest request, CancellationToken cancel)
    {
        var token = await tokens.RequireAsync(request, XetScope.Write, cancel);
        var table = await store.WriteAsync(request.BodyReader, HashIn(hash), cancel);
        return HubAnswer.Json(new SentXorb(await entry.AddAsync(table, token.Grantees, cancel)), HubJson.Default.SentXorb);
    }

    private static async Task<IResult> Find(string hash, XetTokens tokens, XorbStore store, XorbAccess access, HttpContext context, CancellationToken cancel)
    {
        var (token, xorb) = (await tokens.RequireAsync(context.Request, XetScope.Read, cancel), HashIn(hash));
        if (!(await access.UsableAsync(token, [xorb], cancel)).ContainsKey(xorb) || store.Table(xorb) is not { } table)
        {
            throw new Refusal(RefusalCode.NotFound, $"There is no xorb {xorb} that this token may use.");
        }

        context.Response.ContentLength = table.RecordBytes;
        return Results.Ok();
    }

    private static XetHash HashIn(string text) => XetHash.TryParse(text, out var hash)
        ? hash
        : throw new Refusal(RefusalCode.Invalid, "A xorb's name is a hash of 64 lower-case hex digits.");
}

/// <param name="WasInserted">False when the client might have used it without sending it.</param>
internal sealed record SentXorb([property: System.Text.Json.Serialization.JsonPropertyName("was_inserted")] bool WasInserted);
