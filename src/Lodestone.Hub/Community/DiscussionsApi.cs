using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Discussions and pull requests as hub clients call them: list, open, read, steer, merge.</summary>
internal static class DiscussionsApi
{
    public static void MapDiscussions(this IEndpointRouteBuilder repo)
    {
        var discussions = repo.MapGroup("/discussions").WithTags("Discussions");
        discussions.MapGet("", List);
        discussions.MapPost("", Open);
        var one = discussions.MapGroup("/{number:long}");
        one.MapGet("", Details);
        one.MapDelete("", Delete);
        one.MapDelete("/ref", DeleteRef);
        one.MapPost("/title", Rename);
        one.MapPost("/status", ChangeStatus);
        one.MapPost("/merge", Merge);
        one.MapPost("/pin", Pin);
        one.MapPost("/lock", Lock);
        one.MapComments();
    }

    private static async Task<IResult> List(
        RepoRoute route, RepoAccess access, DiscussionLists lists, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var found = await lists.FindAsync(repo.Id, DiscussionSearch.Read(request.Query, "all"), cancel);
        var closed = await lists.CountClosedAsync(repo.Id, cancel);
        return HubAnswer.Json(new DiscussionListAnswer(await answers.ItemsAsync(repo, found.Shown, cancel), found.Count, found.Start, closed), HubJson.Default.DiscussionListAnswer);
    }

    private static async Task<IResult> Open(
        RepoRoute route, DiscussionAccess access, Discussions discussions, PullRequests pullRequests, RepoStore store, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToOpenAsync(route, cancel);
        var asked = await request.ReadBodyAsync(HubJson.Default.NewDiscussion) ?? new NewDiscussion(null, null, null);
        var opening = Opening.Read(asked.Title, asked.Description);
        var made = asked.PullRequest is true
            ? await pullRequests.DraftAsync(repo, store.Open(repo.Id), opening, access.Caller, cancel)
            : await discussions.OpenAsync(repo.Id, opening, access.Caller.Id, cancel);
        var url = string.Create(CultureInfo.InvariantCulture, $"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}/discussions/{made.Number}");
        return HubAnswer.Json(new OpenedDiscussion(made.Number, url, made.IsPullRequest), HubJson.Default.OpenedDiscussion);
    }

    private static async Task<IResult> Details(
        RepoRoute route, long number, DiscussionAccess access, DiscussionAnswers answers, ProposedCommits commits, Merging merging, RepoStore store, Gates gates, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToReadAsync(route, number, cancel);
        var git = store.Open(found.Repo.Id);
        await commits.CatchUpAsync(git, found.Discussion, cancel);
        found = found with { Discussion = await merging.FinishAsync(git, found.Discussion, cancel) };
        var isWithDiff = request.Query.IsTrue("diff") && (await gates.OfAsync(found.Repo, access.Caller, cancel)).IsAdmitted; // it shows what files hold
        var details = await answers.DetailsAsync(found.Repo, git, found.Discussion, isWithDiff, cancel);
        return HubAnswer.Json(details, HubJson.Default.DiscussionDetails);
    }

    private static async Task<IResult> Delete(RepoRoute route, long number, DiscussionAccess access, Discussions discussions, RepoStore store, RepoRefresh refresh, CancellationToken cancel)
    {
        var found = await access.ToDeleteAsync(route, number, cancel);
        await DeleteAsync(found, discussions, refresh, store.Open(found.Repo.Id), access.Caller.Id, cancel);
        return Results.Ok();
    }

    /// <summary>The row first, then the reference: left behind by a crash, it belongs to no discussion.</summary>
    public static async Task DeleteAsync(Found found, Discussions discussions, RepoRefresh refresh, GitRepository git, Guid actorId, CancellationToken cancel)
    {
        var discussion = found.Discussion;
        await discussions.DeleteAsync(discussion, actorId, cancel);
        if (discussion.IsPullRequest && git.References.Find(discussion.RefName) is { } head)
        {
            var update = new RefUpdate(discussion.RefName, head, null);
            await git.Publish([], [update], CancellationToken.None);
            await refresh.AfterMoveAsync(found.Repo.Id, git, [update], actorId);
        }
    }

    private static async Task<IResult> DeleteRef(RepoRoute route, long number, DiscussionAccess access, PullRequests pullRequests, RepoStore store, CancellationToken cancel)
    {
        var (repo, discussion) = await access.ToSteerAsync(route, number, cancel);
        await pullRequests.DeleteRefAsync(store.Open(repo.Id), discussion, access.Caller.Id, cancel);
        return Results.Ok();
    }

    private static async Task<IResult> Rename(
        RepoRoute route, long number, DiscussionAccess access, Discussions discussions, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var (repo, discussion) = await access.ToSteerAsync(route, number, cancel);
        var title = Opening.TitleOf((await request.ReadBodyAsync(HubJson.Default.NewTitle))?.Title);
        var happened = await discussions.RenameAsync(discussion, title, access.Caller.Id, cancel);
        return HubAnswer.Json(new RenamedDiscussion(await answers.EventAsync(repo, discussion, happened.Id, cancel)), HubJson.Default.RenamedDiscussion);
    }

    private static async Task<IResult> ChangeStatus(
        RepoRoute route, long number, DiscussionAccess access, Discussions discussions, DiscussionAnswers answers, RepoStore store, HttpRequest request, CancellationToken cancel)
    {
        var (repo, discussion) = await access.ToSteerAsync(route, number, cancel);
        var asked = await request.ReadBodyAsync(HubJson.Default.NewStatus);
        var status = asked?.Status switch
        {
            "open" => DiscussionStatus.Open,
            "closed" => DiscussionStatus.Closed,
            _ => throw new Refusal(RefusalCode.Invalid, "\"status\" must be one of [open, closed]") { Param = "status" },
        };
        RequireReference(store.Open(repo.Id), discussion, status);
        var happened = await discussions.ChangeStatusAsync(discussion, status, Opening.TextOf(asked.Comment), access.Caller.Id, cancel);
        return HubAnswer.Json(new DiscussionStatusAnswer(await answers.EventAsync(repo, discussion, happened.Id, cancel)), HubJson.Default.DiscussionStatusAnswer);
    }

    private static async Task<IResult> Merge(
        RepoRoute route, long number, DiscussionAccess access, Merging merging, ProposedCommits commits, DiscussionAnswers answers, RepoStore store, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToManageAsync(route, number, cancel);
        var asked = await request.ReadBodyAsync(HubJson.Default.NewMerge);
        var method = asked?.Method switch
        {
            null or "squash" => MergeMethod.Squash,
            "fast-forward" => MergeMethod.FastForward,
            _ => throw new Refusal(RefusalCode.Invalid, "\"method\" must be one of [squash, fast-forward]") { Param = "method" },
        };
        var git = store.Open(found.Repo.Id);
        await commits.CatchUpAsync(git, found.Discussion, cancel);
        await merging.FinishAsync(git, found.Discussion, cancel);
        var made = await merging.MergeAsync(found, git, method, Opening.TextOf(asked?.Comment), access.Caller, cancel);
        return HubAnswer.Json(new MergedDiscussion(DiscussionStatus.Merged.ToWire(), made), HubJson.Default.MergedDiscussion);
    }

    private static async Task<IResult> Pin(RepoRoute route, long number, DiscussionAccess access, Discussions discussions, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToManageAsync(route, number, cancel);
        var isPinned = (await request.ReadBodyAsync(HubJson.Default.PinnedDiscussion))?.Pinned ?? true;
        await discussions.PinAsync(found.Discussion, isPinned, access.Caller.Id, cancel);
        return HubAnswer.Json(new PinnedDiscussion(isPinned), HubJson.Default.PinnedDiscussion);
    }

    private static async Task<IResult> Lock(RepoRoute route, long number, DiscussionAccess access, Discussions discussions, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToManageAsync(route, number, cancel);
        var isLocked = (await request.ReadBodyAsync(HubJson.Default.LockedDiscussion))?.Locked ?? true;
        await discussions.LockAsync(found.Discussion, isLocked, access.Caller.Id, cancel);
        return HubAnswer.Json(new LockedDiscussion(isLocked), HubJson.Default.LockedDiscussion);
    }

    /// <exception cref="Refusal"><c>conflict</c>: a pull request without its commits cannot go on.</exception>
    public static void RequireReference(GitRepository git, Discussion discussion, DiscussionStatus status)
    {
        if (discussion.IsPullRequest && status is DiscussionStatus.Open && git.References.Find(discussion.RefName) is null)
        {
            throw new Refusal(RefusalCode.Conflict, $"{discussion.RefName} was deleted, and its commits with it. Open a new pull request.");
        }
    }
}

/// <param name="Count">How many fit in all.</param>
/// <param name="Start">How many are on pages before.</param>
internal sealed record DiscussionListAnswer(IReadOnlyList<DiscussionItem> Discussions, int Count, int Start, int NumClosedDiscussions);

/// <param name="PullRequest">A draft, with a reference for commits.</param>
internal sealed record NewDiscussion(string? Title, string? Description, bool? PullRequest);

internal sealed record OpenedDiscussion(long Num, string Url, bool PullRequest);

internal sealed record NewTitle(string? Title);

internal sealed record RenamedDiscussion(EventItem NewTitle);

/// <param name="Status"><c>open</c> or <c>closed</c>.</param>
internal sealed record NewStatus(string? Status, string? Comment);

internal sealed record DiscussionStatusAnswer(EventItem NewStatus);

/// <param name="Method"><c>squash</c>, or <c>fast-forward</c>.</param>
internal sealed record NewMerge(string? Comment, string? Method);

/// <param name="MergeCommitId">Where the base is now.</param>
internal sealed record MergedDiscussion(string Status, string MergeCommitId);

internal sealed record PinnedDiscussion(bool? Pinned);

internal sealed record LockedDiscussion(bool? Locked);
