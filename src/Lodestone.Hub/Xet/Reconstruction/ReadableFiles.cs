using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Chunked files as whoever has a token finds them: those that its repository holds. A file's hash is no secret.</summary>
internal sealed class ReadableFiles(XetTokens tokens, KnownFiles known, HeldLately held, XorbStore xorbs, TrafficLog traffic, GatedDownloads gated)
{
    private const int MostAsked = 1000;

    private static readonly RefusalCode OutOfRange = new("range_not_satisfiable", 416);

    /// <summary>Bytes.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>invalid_request</c>: not a hash; or what is wrong with the token.</exception>
    public async Task<long> LengthAsync(HttpRequest request, string hash, CancellationToken cancel) =>
        (await RequireAsync(await TokenAsync(request, cancel), hash, cancel)).Terms.Length;

    /// <summary>What the request's <c>Range</c> asks for, or the whole. Who is told how to make it fetches it.</summary>
    /// <inheritdoc cref="LengthAsync"/>
    /// <exception cref="Refusal"><c>range_not_satisfiable</c>: clients find so that a file has ended, an empty one at once.</exception>
    public async Task<Reconstruction> PartAsync(HttpRequest request, string hash, CancellationToken cancel)
    {
        var token = await TokenAsync(request, cancel);
        var file = await RequireAsync(token, hash, cancel);
        var terms = file.Terms;
        var asked = request.Headers.Range.ToString();
        var part = ByteRange.Parse(asked, terms.Length, out var isSatisfiable) ?? new ByteRange(0, terms.Length);
        if (!isSatisfiable || (terms.Length == 0 && asked.Length > 0))
        {
            throw new Refusal(OutOfRange, string.Create(CultureInfo.InvariantCulture, $"The file has {terms.Length} bytes, and none in that Range."));
        }

        traffic.Add(traffic.Begin(request.HttpContext, token.RepoId, token.HolderId) with { Sha256 = file.Digest.Hex, Start = part.Start, Length = part.Length });
        gated.Note(token, hash, part.Length);
        return Reconstruction.Of(terms, part, xorbs);
    }

    /// <summary>The whole of each file that is there, by its hash.</summary>
    /// <inheritdoc cref="LengthAsync"/>
    public async Task<IReadOnlyDictionary<string, Reconstruction>> WholesAsync(HttpRequest request, IReadOnlyCollection<string?> hashes, CancellationToken cancel)
    {
        var (token, wholes) = (await TokenAsync(request, cancel), new Dictionary<string, Reconstruction>(StringComparer.Ordinal));
        if (hashes.Count is 0 or > MostAsked)
        {
            throw new Refusal(RefusalCode.Invalid, $"Ask for 1 to {MostAsked} files.");
        }

        foreach (var hash in hashes.Distinct(StringComparer.Ordinal))
        {
            if (await FindAsync(token, hash, cancel) is { } file)
            {
                traffic.Add(traffic.Begin(request.HttpContext, token.RepoId, token.HolderId) with { Sha256 = file.Digest.Hex, Length = file.Terms.Length });
                gated.Note(token, file.Hash.ToString(), file.Terms.Length);
                wholes.Add(file.Hash.ToString(), Reconstruction.Of(file.Terms, new ByteRange(0, file.Terms.Length), xorbs));
            }
        }

        return wholes;
    }

    private Task<XetToken> TokenAsync(HttpRequest request, CancellationToken cancel) => tokens.RequireAsync(request, XetScope.Read, cancel);

    private async Task<RebuildableFile> RequireAsync(XetToken token, string hash, CancellationToken cancel) =>
        await FindAsync(token, hash, cancel) ?? throw new Refusal(RefusalCode.NotFound, $"The repository does not hold a file with the hash {hash}.");

    private async Task<RebuildableFile?> FindAsync(XetToken token, string? hash, CancellationToken cancel)
    {
        if (!XetHash.TryParse(hash, out var parsed))
        {
            throw new Refusal(RefusalCode.Invalid, "A file is named by a hash of 64 lower-case hex digits.");
        }

        return await known.FindAsync(parsed, cancel) is { } file && await held.HoldsAsync(token.RepoId, file.Digest, cancel) ? file : null;
    }
}
