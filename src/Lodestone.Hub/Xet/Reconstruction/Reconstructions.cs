using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>How clients make files from chunks, under every address that generations of them use.</summary>
internal static class Reconstructions
{
    public static void MapReconstructions(this IEndpointRouteBuilder xet)
    {
        xet.MapGet("/v2/reconstructions/{hash}", Read);
        foreach (var old in (string[])["/v1/reconstructions", "/reconstructions", "/reconstruction"])
        {
            xet.MapGet(old + "/{hash}", ReadOld);
        }

        foreach (var several in (string[])["/v1/reconstructions", "/reconstructions"])
        {
            xet.MapPost(several, ReadSeveral);
            xet.MapGet(several, ReadSeveralByQuery);
        }

        xet.MapMethods("/v1/files/{hash}", [HttpMethods.Head], Measure);
    }

    private static async Task<IResult> Read(string hash, ReadableFiles files, XorbLinks links, HttpRequest request, CancellationToken cancel)
    {
        var part = await files.PartAsync(request, hash, cancel);
        var answer = new ReconstructionAnswer(part.Skipped, Terms(part.Terms), await links.ForAsync(part.Ranges, request, cancel));
        return HubAnswer.Json(answer, HubJson.Default.ReconstructionAnswer);
    }

    private static async Task<IResult> ReadOld(string hash, ReadableFiles files, XorbLinks links, HttpRequest request, CancellationToken cancel)
    {
        var part = await files.PartAsync(request, hash, cancel);
        var answer = new OldReconstructionAnswer(part.Skipped, Terms(part.Terms), await links.ForOldAsync(part.Ranges, request, cancel));
        return HubAnswer.Json(answer, HubJson.Default.OldReconstructionAnswer);
    }

    private static Task<IResult> ReadSeveral(
        IReadOnlyList<WantedReconstruction?> wanted, ReadableFiles files, XorbStore xorbs, XorbLinks links, HttpRequest request, CancellationToken cancel) =>
        ReadSeveralAsync([.. wanted.Select(w => w?.Hash)], files, xorbs, links, request, cancel);

    private static Task<IResult> ReadSeveralByQuery(ReadableFiles files, XorbStore xorbs, XorbLinks links, HttpRequest request, CancellationToken cancel) =>
        ReadSeveralAsync([.. request.Query["file_id"]], files, xorbs, links, request, cancel);

    private static async Task<IResult> ReadSeveralAsync(
        IReadOnlyList<string?> hashes, ReadableFiles files, XorbStore xorbs, XorbLinks links, HttpRequest request, CancellationToken cancel)
    {
        var wholes = await files.WholesAsync(request, hashes, cancel);
        var ranges = Reconstruction.RangesOf(wholes.Values.SelectMany(w => w.Terms), xorbs);
        var answer = new ReconstructionsAnswer(
            wholes.ToDictionary(w => w.Key, w => Terms(w.Value.Terms), StringComparer.Ordinal), await links.ForOldAsync(ranges, request, cancel));
        return HubAnswer.Json(answer, HubJson.Default.ReconstructionsAnswer);
    }

    private static async Task Measure(string hash, ReadableFiles files, HttpContext context, CancellationToken cancel) =>
        context.Response.ContentLength = await files.LengthAsync(context.Request, hash, cancel);

    private static IReadOnlyList<TermAnswer> Terms(IReadOnlyList<FileTerm> terms) =>
        [.. terms.Select(t => new TermAnswer(t.Xorb.ToString(), t.Size, new Bounds(t.FirstChunk, t.EndChunk)))];
}
