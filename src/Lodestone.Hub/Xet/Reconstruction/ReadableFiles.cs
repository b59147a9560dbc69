using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Chunked files as whoever has a token finds them: those that its repository holds. A file's hash is no secret.</summary>
internal sealed class ReadableFiles(XetTokens tokens, KnownFiles known, HeldLately held)
{
    private const int MostAsked = 1000;

    /// <exception cref="Refusal"><c>not_found</c>; <c>invalid_request</c>: not a hash; or what is wrong with the token.</exception>
    public async Task<RebuildableFile> RequireAsync(HttpRequest request, string hash, CancellationToken cancel) =>
        await FindAsync(request, [hash], cancel) is [var file] ? file : throw new Refusal(RefusalCode.NotFound, $"The repository does not hold a file with the hash {hash}.");

    /// <summary>Those of the given that are there.</summary>
    /// <inheritdoc cref="RequireAsync"/>
    public async Task<IReadOnlyList<RebuildableFile>> FindAsync(HttpRequest request, IReadOnlyCollection<string?> hashes, CancellationToken cancel)
    {
        var token = await tokens.RequireAsync(request, XetScope.Read, cancel);
        if (hashes.Count is 0 or > MostAsked)
        {
            throw new Refusal(RefusalCode.Invalid, $"Ask for 1 to {MostAsked} files.");
        }

        var found = new List<RebuildableFile>();
        foreach (var hash in hashes.Select(Parse).Distinct())
        {
            if (await known.FindAsync(hash, cancel) is { } file && await held.HoldsAsync(token.RepoId, file.Digest, cancel))
            {
                found.Add(file);
            }
        }

        return found;
    }

    private static XetHash Parse(string? hash) =>
        XetHash.TryParse(hash, out var parsed) ? parsed : throw new Refusal(RefusalCode.Invalid, "A file is named by a hash of 64 lower-case hex digits.");
}
