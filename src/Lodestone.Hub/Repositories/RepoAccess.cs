using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Finds the repository of a request for what the caller wants to do with it. What the caller may not see is not found.</summary>
internal sealed class RepoAccess(HubDb db, ReposLately lately, Caller caller, IHttpContextAccessor context)
{
    // Translated once, which a query with the caller's own list of namespaces cannot be.
    private static readonly Func<HubDb, RepoType, string, CancellationToken, Task<Repo?>> At = EF.CompileAsyncQuery(
        (HubDb db, RepoType type, string pathLower, CancellationToken _) => db.Repos.AsNoTracking().SingleOrDefault(r => r.Type == type && r.PathLower == pathLower));

    public Caller Caller => caller;

    /// <exception cref="Refusal"><c>repo_not_found</c>; <c>forbidden</c> when it is taken down; <c>moved</c> when it has another place now, or another spelling.</exception>
    public Task<Repo> ToReadAsync(RepoRoute route, CancellationToken cancel) => FindAsync(route, path => new ValueTask<Repo?>(At(db, route.Type, path, cancel)), cancel);

    /// <summary>To send or take in what the repository holds: the row may be some seconds old, see <see cref="ReposLately"/>.</summary>
    /// <inheritdoc cref="ToReadAsync"/>
    public Task<Repo> ToServeAsync(RepoRoute route, CancellationToken cancel) =>
        FindAsync(route, path => lately.FindAsync(route.Type, path, () => At(db, route.Type, path, cancel)), cancel);

    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToChangeAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        return repo.CanBeChangedBy(caller) ? Unarchived(repo) : throw HubRefusals.ReadOnly(caller, TokenScope.WriteRepos);
    }

    /// <summary>To take part: to like it, to propose a change. That takes no right but to read, and a credential that may write.</summary>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToTakePartAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        return caller.May(TokenScope.WriteDiscussions) || repo.CanBeChangedBy(caller) ? Unarchived(repo) : throw HubRefusals.ReadOnly(caller, TokenScope.WriteDiscussions);
    }

    /// <summary>To commit on the route's revision: for those who may change the repository, on a pull request also for whoever opened it.</summary>
    /// <param name="isProposal">The commit opens a pull request instead.</param>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToCommitAsync(RepoRoute route, bool isProposal, PullRequests pullRequests, CancellationToken cancel)
    {
        if (isProposal)
        {
            return await ToTakePartAsync(route, cancel);
        }

        var repo = await ToServeAsync(route, cancel);
        return repo.CanBeChangedBy(caller) || (caller.May(TokenScope.WriteDiscussions) && await pullRequests.IsOwnAsync(repo, route.Revision, caller, cancel))
            ? Unarchived(repo)
            : throw HubRefusals.ReadOnly(caller, TokenScope.WriteRepos);
    }

    /// <inheritdoc cref="ToChangeAsync"/>
    public async Task<Repo> ToAdministerAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToReadAsync(route, cancel);
        return repo.CanBeAdministeredBy(caller) ? repo : throw HubRefusals.ReadOnly(caller, TokenScope.ManageRepos);
    }

    /// <summary>To take something out of it for good: as administering, and not in the archive.</summary>
    /// <inheritdoc cref="ToChangeAsync"/>
    public async Task<Repo> ToPruneAsync(RepoRoute route, CancellationToken cancel) => Unarchived(await ToAdministerAsync(route, cancel));

    private static Repo Unarchived(Repo repo) => repo.ArchivedAt is null ? repo : throw HubRefusals.Archived(repo);

    private async Task<Repo> FindAsync(RepoRoute route, Func<string, ValueTask<Repo?>> at, CancellationToken cancel)
    {
        if (!RepoName.HasNameCharacters(route.Owner) || !RepoName.HasNameCharacters(route.Name))
        {
            throw HubRefusals.RepoNotFound(caller);
        }

        var path = Repo.LowerPath(route.Owner, route.Name);
        var found = await at(path);
        var repo = (found?.IsVisibleTo(caller) == true ? found : null)
            ?? await db.OnceAt(db.Repos.AsNoTracking().VisibleTo(caller), route.Type, path).SingleOrDefaultAsync(cancel)
            ?? throw HubRefusals.RepoNotFound(caller);
        if (repo.DisabledAt is not null)
        {
            throw HubRefusals.Disabled(repo);
        }

        return repo.OwnerName == route.Owner && repo.Name == route.Name ? repo : throw HubRefusals.MovedTo(PlaceOf(repo, route));
    }

    /// <summary>The same request at the repository's own place: everything behind owner and name stays as it was sent.</summary>
    private string PlaceOf(Repo repo, RepoRoute route)
    {
        var target = RepoRoute.Target(context.HttpContext!); // a route was bound from it
        var lead = target.StartsWith("/api/", StringComparison.Ordinal) ? $"/api/{repo.Type.Segment()}/" : $"/{repo.Type.Prefix()}";
        var skipped = lead.Count(c => c == '/') + 1; // slashes up to the end of owner/name
        var rest = 0;
        for (var slashes = 0; rest < target.Length && (target[rest] != '?') && (target[rest] != '/' || ++slashes <= skipped); rest++)
        {
        }

        var git = target[..rest].EndsWith(".git", StringComparison.Ordinal) && !lead.StartsWith("/api/", StringComparison.Ordinal) ? ".git" : "";
        return $"{lead}{repo.FullName}{git}{target[rest..]}";
    }
}
