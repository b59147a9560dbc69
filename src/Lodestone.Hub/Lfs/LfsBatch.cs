using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Where large files are fetched from and sent to (git-lfs <c>docs/api/batch.md</c>), and that they arrived.</summary>
internal static class LfsBatch
{
    public const string MediaType = "application/vnd.git-lfs+json";
    private const int MostObjects = 1000;

    public static void MapLfsBatch(this IEndpointRouteBuilder repo)
    {
        repo.MapPost("/info/lfs/objects/batch", Batch);
        repo.MapPost("/info/lfs/objects/verify", Verify);
        repo.MapPost("/info/lfs/locks/verify", Locks);
    }

    private static async Task<IResult> Batch(
        LfsRequest asked, RepoRoute route, RepoAccess access, HubDb db, LinkKeys keys, TimeProvider clock, HttpRequest request, CancellationToken cancel)
    {
        var operation = asked.Operation switch
        {
            "upload" => LargeFileOperation.Upload,
            "download" => LargeFileOperation.Download,
            _ => throw new Refusal(RefusalCode.Unprocessable, "\"operation\" must be one of [upload, download]"),
        };
        var objects = asked.Objects is { Count: <= MostObjects } given
            ? given
            : throw new Refusal(RefusalCode.Unprocessable, $"\"objects\" must be a list of at most {MostObjects} objects.");
        var repo = operation is LargeFileOperation.Upload ? await access.ToChangeAsync(route, cancel) : await access.ToReadAsync(route, cancel);
        var held = await db.HeldAsync(repo.Id, objects.Select(o => o.Digest()).OfType<Sha256Digest>(), cancel);
        var secret = await keys.CurrentAsync(cancel);
        var expiresAt = clock.GetUtcNow() + LargeFileLink.Lifetime;
        var answers = objects.Select(o => Answer(o, held));
        return HubAnswer.Json(new LfsAnswer("basic", [.. answers], "sha256"), HubJson.Default.LfsAnswer, MediaType);

        LfsAnswerObject Answer(LfsRequestObject asked, Dictionary<string, long> held)
        {
            if (asked.Digest() is not { } digest || asked.Size is not >= 0)
            {
                return new LfsAnswerObject(asked.Oid ?? "", asked.Size ?? 0) { Error = new LfsError(422, "The oid must be a SHA-256 in lower-case hex, and the size 0 or more.") };
            }

            var isHeld = held.TryGetValue(digest.Hex, out var size);
            if (isHeld != operation is LargeFileOperation.Download)
            {
                return isHeld
                    ? new LfsAnswerObject(digest.Hex, size) // nothing to upload
                    : new LfsAnswerObject(digest.Hex, asked.Size.Value) { Error = new LfsError(404, "The repository does not hold this object.") };
            }

            var link = new LargeFileLink(repo.Id, digest, isHeld ? size : asked.Size.Value, operation, expiresAt);
            var action = new LfsAction(link.ToUrl(request.BaseAddress(), secret), (long)LargeFileLink.Lifetime.TotalSeconds);
            var place = $"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}.git/info/lfs/objects/verify";
            var actions = isHeld ? new LfsActions { Download = action } : new LfsActions { Upload = action, Verify = new LfsAction(place, null) };

            // The links carry their own authority, but verifying does not: git-lfs would leave its credentials out if told that none are needed.
            return new LfsAnswerObject(digest.Hex, link.Size) { Authenticated = isHeld ? true : null, Actions = actions };
        }
    }

    /// <summary>The upload itself was checked byte by byte; this only tells the client so.</summary>
    private static async Task<IResult> Verify(LfsRequestObject asked, RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        if (asked.Digest() is not { } digest || !(await db.HeldAsync(repo.Id, [digest], cancel)).TryGetValue(digest.Hex, out var size))
        {
            throw new Refusal(RefusalCode.NotFound, "The repository does not hold this object. Upload it first.");
        }

        return size == asked.Size ? Results.Ok() : throw new Refusal(RefusalCode.Unprocessable, $"The object has {size} bytes, not {asked.Size}.");
    }

    /// <summary>Nothing is ever locked here; saying so spares git-lfs a warning at every push.</summary>
    private static async Task<IResult> Locks(RepoRoute route, RepoAccess access, CancellationToken cancel)
    {
        await access.ToChangeAsync(route, cancel);
        return HubAnswer.Json(new LfsLocks([], []), HubJson.Default.LfsLocks, MediaType);
    }
}

/// <param name="Operation"><c>upload</c> or <c>download</c>.</param>
internal sealed record LfsRequest(string? Operation, IReadOnlyList<LfsRequestObject>? Objects);

/// <param name="Oid">SHA-256 in lower-case hex.</param>
/// <param name="Size">Bytes.</param>
internal sealed record LfsRequestObject(string? Oid, long? Size)
{
    public Sha256Digest? Digest() => Sha256Digest.TryParse(Oid, out var digest) ? digest : null;
}

internal sealed record LfsAnswer(string Transfer, IReadOnlyList<LfsAnswerObject> Objects, [property: JsonPropertyName("hash_algo")] string HashAlgo);

/// <summary>One object with what to do next; no action when it is there already.</summary>
internal sealed record LfsAnswerObject(string Oid, long Size)
{
    public bool? Authenticated { get; init; }

    public LfsActions? Actions { get; init; }

    public LfsError? Error { get; init; }
}

internal sealed record LfsActions
{
    public LfsAction? Upload { get; init; }

    public LfsAction? Verify { get; init; }

    public LfsAction? Download { get; init; }
}

/// <param name="ExpiresIn">Seconds.</param>
internal sealed record LfsAction(string Href, [property: JsonPropertyName("expires_in")] long? ExpiresIn);

/// <param name="Code">As HTTP statuses.</param>
internal sealed record LfsError(int Code, string Message);

/// <summary>Locks of the caller and of others.</summary>
internal sealed record LfsLocks(IReadOnlyList<string> Ours, IReadOnlyList<string> Theirs);
