using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Commits as hub clients send them: lines of JSON, streamed; or one JSON object from old clients.</summary>
internal static class CommitUpload
{
    private const long MostRemarkedOn = 1024 * 1024;

    public static void MapCommitUpload(this IEndpointRouteBuilder repo) => repo.MapPost("/commit/{**rev}", Commit).WithMetadata(new DisableRequestSizeLimitAttribute());

    private static async Task<IResult> Commit(
        RepoRoute route, RepoAccess access, RepoStore store, Committing committing, PullRequests pullRequests, StorageQuota quota, HttpRequest request, CancellationToken cancel)
    {
        var isProposal = request.Query.IsTrue("create_pr");
        var repo = await access.ToCommitAsync(route, isProposal, pullRequests, cancel);
        var git = store.Open(repo.Id);
        using var pack = git.NewPack();
        var reader = new CommitReader(pack);
        var commit = request.HasJsonContentType()
            ? await WholeCommit.ReadAsync(request, reader, cancel)
            : await reader.ReadAsync(request.BodyReader, cancel);
        if (commit.Changes.Any(change => change is not DeleteEntry))
        {
            await quota.RequireWritableAsync(repo, cancel);
        }

        if (isProposal)
        {
            var (proposed, number) = await pullRequests.OpenAsync(repo, git, route.Revision, commit, pack, access.Caller, cancel);
            return Answer(request, repo, proposed, Remarks(git, commit, proposed), string.Create(CultureInfo.InvariantCulture, $"discussions/{number}"));
        }

        var made = await committing.CommitAsync(repo, git, route.Revision, commit, pack, access.Caller, cancel);
        return Answer(request, repo, made, Remarks(git, commit, made), null);
    }

    /// <summary>What the card that was committed could say better, a line each.</summary>
    private static string Remarks(GitRepository git, NewCommit commit, ObjectId made)
    {
        var tree = new RepoTree(git, made);
        return commit.Changes.Any(c => c is PutFile { Path: "README.md" }) && tree.Find("README.md") is { Large: null, Size: <= MostRemarkedOn } card
            ? ValidateCard.Check(GitName.Decode(git.Objects.Read(card.Id)?.Content ?? [])).ToString()
            : "";
    }

    private static IResult Answer(HttpRequest request, Repo repo, ObjectId made, string remarks, string? pullRequest)
    {
        var place = $"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}";
        var answer = new CommitAnswer(Success: true, made.ToString(), $"{place}/commit/{made}", HookOutput: remarks, pullRequest is null ? null : $"{place}/{pullRequest}");
        return HubAnswer.Json(answer, HubJson.Default.CommitAnswer);
    }
}

/// <param name="CommitOid">Full commit id.</param>
/// <param name="CommitUrl">Of the commit's page, on the host that the client called.</param>
/// <param name="HookOutput">What the card could say better, a line each; empty where there is nothing to say.</param>
/// <param name="PullRequestUrl">Only where one was opened; ends in its number.</param>
internal sealed record CommitAnswer(bool Success, string CommitOid, string CommitUrl, string HookOutput, string? PullRequestUrl);
