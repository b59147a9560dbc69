using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Puts one commit without parents in place of a branch's history. Its files stay as they are; other branches and tags keep their history.</summary>
internal static class SuperSquash
{
    private const int MostAttempts = 20;

    public static void MapSuperSquash(this IEndpointRouteBuilder repo) => repo.MapPost("/super-squash/{**rev}", Squash);

    private static async Task<IResult> Squash(
        NewSquash asked, RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        var git = store.Open(repo.Id);
        var name = BranchOf(git, route.Revision);
        var message = string.IsNullOrWhiteSpace(asked.Message) ? $"Super-squash {route.Revision}" : asked.Message;
        var update = await PublishAsync(git, name, message, GitAuthor.Of(access.Caller, clock), cancel);
        await refresh.AfterMoveAsync(repo.Id, git, [update], access.Caller.Id);
        return HubAnswer.Json(new SquashedBranch($"{update.New}"), HubJson.Default.SquashedBranch);
    }

    private static string BranchOf(GitRepository git, string revision)
    {
        var found = git.Revisions.Find(revision) ?? throw HubRefusals.RevisionNotFound(revision);
        var isBranch = found.RefName?.StartsWith(RefName.Branches, StringComparison.Ordinal) == true || found.RefName?.StartsWith("refs/pr/", StringComparison.Ordinal) == true;
        return isBranch ? found.RefName! : throw new Refusal(RefusalCode.Invalid, "Invalid reference for a branch"); // named, or it would not be a branch
    }

    /// <summary>A commit that arrives meanwhile is squashed as well.</summary>
    private static async Task<RefUpdate> PublishAsync(GitRepository git, string name, string message, GitSignature author, CancellationToken cancel)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var head = git.References.Find(name) ?? throw HubRefusals.RevisionNotFound(name);
            using var pack = git.NewPack();
            var made = pack.Write(new GitCommit(git.Objects.Commit(head).Tree, [], author, author, message));
            using var complete = pack.Complete();
            var update = new RefUpdate(name, head, made);
            if (await git.Publish([complete], [update], cancel) is Published)
            {
                return update;
            }
        }

        throw new Refusal(RefusalCode.Unavailable, "The branch gets commits faster than it can be squashed. Try again in a moment.");
    }
}

/// <param name="Message">Of the one commit that is left.</param>
internal sealed record NewSquash(string? Message);

/// <param name="CommitId">Full.</param>
internal sealed record SquashedBranch(string CommitId);
