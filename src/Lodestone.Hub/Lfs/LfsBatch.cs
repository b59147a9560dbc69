using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Where large files are fetched from and sent to (git-lfs <c>docs/api/batch.md</c>), and that they arrived.</summary>
internal static class LfsBatch
{
    private const int MostObjects = 1000;

    private static readonly RefusalCode UnknownHash = new("unknown_hash_algorithm", 409);

    public static void MapLfsBatch(this IEndpointRouteBuilder repo)
    {
        repo.MapPost("/info/lfs/objects/batch", Batch);
        repo.MapPost("/info/lfs/locks/verify", Locks);
    }

    private static async Task<IResult> Batch(LfsRequest asked, RepoRoute route, RepoAccess access, PullRequests pullRequests, LfsAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var isUpload = asked.Operation switch
        {
            "upload" => true,
            "download" => false,
            _ => throw new Refusal(RefusalCode.Unprocessable, "\"operation\" must be one of [upload, download]"),
        };
        if (asked.HashAlgo is not (null or "sha256" or "sha_256")) // the second is how the JavaScript client writes it
        {
            throw new Refusal(UnknownHash, $"\"hash_algo\" must be sha256, not {asked.HashAlgo}.");
        }

        if (asked.Objects is not { Count: <= MostObjects } || asked.Objects.Contains(null))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"\"objects\" must be a list of at most {MostObjects} objects.");
        }

        var answer = isUpload
            ? await answers.UploadAsync(await ToUploadAsync(asked, route, access, pullRequests, cancel), asked, access.Caller, request.BaseAddress(), cancel)
            : await answers.DownloadAsync(await access.ToReadContentAsync(route, cancel), asked, access.Caller, request.BaseAddress(), cancel);
        return HubAnswer.Json(answer, HubJson.Default.LfsAnswer, LfsAnswers.MediaType);
    }

    /// <summary>Without a branch it is for a proposal, which everybody may make who may read the repository. What no commit names is reclaimed.</summary>
    private static Task<Repo> ToUploadAsync(LfsRequest asked, RepoRoute route, RepoAccess access, PullRequests pullRequests, CancellationToken cancel) =>
        asked.Ref is null ? access.ToProposeAsync(route, cancel) : access.ToCommitAsync(route with { Rest = [asked.Ref.Name ?? ""] }, isProposal: false, pullRequests, cancel);

    /// <summary>Nothing is ever locked here; saying so spares git-lfs a warning at every push.</summary>
    private static async Task<IResult> Locks(RepoRoute route, RepoAccess access, PullRequests pullRequests, CancellationToken cancel)
    {
        await access.ToPushAsync(route, pullRequests, cancel);
        return HubAnswer.Json(new LfsLocks([], []), HubJson.Default.LfsLocks, LfsAnswers.MediaType);
    }
}
