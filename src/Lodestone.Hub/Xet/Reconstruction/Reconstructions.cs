using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>How clients make files from chunks, under every address that generations of them use.</summary>
internal static class Reconstructions
{
    private static readonly RefusalCode OutOfRange = new("range_not_satisfiable", 416);

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

    private static async Task<IResult> Read(string hash, ReadableFiles files, XorbStore xorbs, XorbLinks links, HttpRequest request, CancellationToken cancel)
    {
        var part = Part(await files.RequireAsync(request, hash, cancel), xorbs, request);
        var answer = new ReconstructionAnswer(part.Skipped, Terms(part.Terms), await links.ForAsync(part.Ranges, request, cancel));
        return HubAnswer.Json(answer, HubJson.Default.ReconstructionAnswer);
    }

    private static async Task<IResult> ReadOld(string hash, ReadableFiles files, XorbStore xorbs, XorbLinks links, HttpRequest request, CancellationToken cancel)
    {
        var part = Part(await files.RequireAsync(request, hash, cancel), xorbs, request);
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
        var wholes = (await files.FindAsync(request, hashes, cancel)).ToDictionary(
            f => f.Hash.ToString(), f => Reconstruction.Of(f.Terms, new ByteRange(0, f.Terms.Length), xorbs), StringComparer.Ordinal);
        var ranges = Reconstruction.RangesOf(wholes.Values.SelectMany(w => w.Terms), xorbs);
        var answer = new ReconstructionsAnswer(
            wholes.ToDictionary(w => w.Key, w => Terms(w.Value.Terms), StringComparer.Ordinal), await links.ForOldAsync(ranges, request, cancel));
        return HubAnswer.Json(answer, HubJson.Default.ReconstructionsAnswer);
    }

    private static async Task Measure(string hash, ReadableFiles files, HttpContext context, CancellationToken cancel) =>
        context.Response.ContentLength = (await files.RequireAsync(context.Request, hash, cancel)).Terms.Length;

    /// <exception cref="Refusal"><c>range_not_satisfiable</c>: clients find so that a file has ended, an empty one at once.</exception>
    private static Reconstruction Part(RebuildableFile file, XorbStore xorbs, HttpRequest request)
    {
        var (asked, length) = (request.Headers.Range.ToString(), file.Terms.Length);
        var part = ByteRange.Parse(asked, length, out var isSatisfiable) ?? new ByteRange(0, length);
        return isSatisfiable && (length > 0 || asked.Length == 0)
            ? Reconstruction.Of(file.Terms, part, xorbs)
            : throw new Refusal(OutOfRange, string.Create(CultureInfo.InvariantCulture, $"The file has {length} bytes, and none in that Range."));
    }

    private static IReadOnlyList<TermAnswer> Terms(IReadOnlyList<FileTerm> terms) =>
        [.. terms.Select(t => new TermAnswer(t.Xorb.ToString(), t.Size, new Bounds(t.FirstChunk, t.EndChunk)))];
}
