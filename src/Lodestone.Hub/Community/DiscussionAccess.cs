using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A discussion and the repository that it is about.</summary>
internal sealed record Found(Repo Repo, Discussion Discussion);

/// <summary>Finds the discussion of a request for what the caller wants to do with it.</summary>
internal sealed class DiscussionAccess(HubDb db, RepoAccess access)
{
    private static readonly RefusalCode Locked = new("locked", 403);
    private static readonly RefusalCode Disabled = new("discussions_disabled", 403);

    public Caller Caller => access.Caller;

    /// <exception cref="Refusal"><c>repo_not_found</c>, <c>moved</c> or <c>not_found</c>.</exception>
    public async Task<Found> ToReadAsync(RepoRoute route, long number, CancellationToken cancel) =>
        await InAsync(await access.ToReadAsync(route, cancel), number, cancel);

    /// <summary>To open one: whoever sees the repository may, with a credential that may write.</summary>
    /// <exception cref="Refusal">As for reading, <c>forbidden</c> or <c>discussions_disabled</c>.</exception>
    public async Task<Repo> ToOpenAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await access.ToTakePartAsync(route, cancel);
        RequireEnabled(repo, Caller);
        return repo;
    }

    /// <summary>To write in it.</summary>
    /// <exception cref="Refusal">As for opening one, or <c>locked</c>.</exception>
    public async Task<Found> ToTakePartAsync(RepoRoute route, long number, CancellationToken cancel)
    {
        var found = await InAsync(await access.ToTakePartAsync(route, cancel), number, cancel);
        if (!found.Repo.CanBeChangedBy(Caller))
        {
            RequireEnabled(found.Repo, Caller);
            RequireUnlocked(found.Discussion);
        }

        return found;
    }

    /// <summary>To rename it, publish it, close it: for whoever opened it and those who may change the repository.</summary>
    /// <inheritdoc cref="ToTakePartAsync"/>
    public async Task<Found> ToSteerAsync(RepoRoute route, long number, CancellationToken cancel)
    {
        var found = await ToTakePartAsync(route, number, cancel);
        return found.Discussion.AuthorId == Caller.Id || found.Repo.CanBeChangedBy(Caller)
            ? found
            : throw new Refusal(RefusalCode.Forbidden, $"Only who opened it, or may change {found.Repo.FullName}, can do this.");
    }

    /// <summary>To merge, pin or lock it: for those who may change the repository.</summary>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Found> ToManageAsync(RepoRoute route, long number, CancellationToken cancel) =>
        await InAsync(await access.ToChangeAsync(route, cancel), number, cancel);

    /// <summary>To delete it with all that was said: for whoever opened it and administrators of the repository.</summary>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Found> ToDeleteAsync(RepoRoute route, long number, CancellationToken cancel)
    {
        var found = await ToTakePartAsync(route, number, cancel);
        return found.Discussion.AuthorId == Caller.Id || found.Repo.CanBeAdministeredBy(Caller)
            ? found
            : throw new Refusal(RefusalCode.Forbidden, $"Only who opened it, or administers {found.Repo.FullName}, can delete it.");
    }

    public static Refusal NotFound(Repo repo, long number) =>
        new(RefusalCode.NotFound, string.Create(CultureInfo.InvariantCulture, $"{repo.FullName} has no discussion {number}."));

    /// <exception cref="Refusal"><c>discussions_disabled</c>.</exception>
    public static void RequireEnabled(Repo repo, Caller caller)
    {
        if (repo.DiscussionsDisabled && !repo.CanBeChangedBy(caller))
        {
            throw new Refusal(Disabled, $"Discussions and pull requests are disabled for {repo.FullName}.");
        }
    }

    private static void RequireUnlocked(Discussion discussion)
    {
        if (discussion.IsLocked)
        {
            throw new Refusal(Locked, $"This {discussion.Noun} is locked: only those who may change the repository can write in it.");
        }
    }

    private async Task<Found> InAsync(Repo repo, long number, CancellationToken cancel) =>
        await db.Discussions.AsNoTracking().Of(repo.Id, number).SingleOrDefaultAsync(cancel) is { } discussion
            ? new Found(repo, discussion)
            : throw NotFound(repo, number);
}
