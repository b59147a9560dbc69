using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Finds the repository of a request for what the caller wants to do with it. What the caller may not see is not found.</summary>
internal sealed class RepoAccess(HubDb db, ReposLately lately, Gates gates, Caller caller, IHttpContextAccessor context)
{
    // Translated once, which a query with the caller's own list of namespaces cannot be.
    private static readonly Func<HubDb, RepoType, string, CancellationToken, Task<Repo?>> At = EF.CompileAsyncQuery(
        (HubDb db, RepoType type, string pathLower, CancellationToken _) => db.Repos.AsNoTracking().SingleOrDefault(r => r.Type == type && r.PathLower == pathLower));

    public Caller Caller => caller;

    /// <exception cref="Refusal"><c>repo_not_found</c>; <c>moved</c> when it has another place now, or another spelling.</exception>
    public Task<Repo> ToReadAsync(RepoRoute route, CancellationToken cancel) => FindAsync(route, path => new ValueTask<Repo?>(At(db, route.Type, path, cancel)), cancel);

    /// <summary>To send or take in what the repository holds: the row may be some seconds old, see <see cref="ReposLately"/>.</summary>
    /// <inheritdoc cref="ToReadAsync"/>
    public Task<Repo> ToServeAsync(RepoRoute route, CancellationToken cancel) =>
        FindAsync(route, path => lately.FindAsync(route.Type, path, () => At(db, route.Type, path, cancel)), cancel);

    /// <summary>To give away what files hold, which a gate may forbid. Before any look at revisions and paths: a gate says the same whatever is behind it.</summary>
    /// <exception cref="Refusal">As for reading, or <c>gated_repo</c>.</exception>
    public async Task<ReadableRepo> ToReadContentAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        var admission = await gates.RequireAsync(repo, caller, context.HttpContext!.Request.BaseAddress(), cancel); // a route was bound from it
        return new ReadableRepo(repo, admission.Through);
    }

    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToChangeAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        return repo.CanBeChangedBy(caller) ? repo : throw HubRefusals.ReadOnly(caller, TokenScope.WriteRepos);
    }

    /// <summary>To take part: to like it, to propose a change. That takes no right but to read, and a credential that may write.</summary>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToTakePartAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        return caller.May(TokenScope.WriteDiscussions) || repo.CanBeChangedBy(caller) ? repo : throw HubRefusals.ReadOnly(caller, TokenScope.WriteDiscussions);
    }

    /// <summary>To propose a change: for who may take part and read, because proposals build on what is there.</summary>
    /// <exception cref="Refusal">As for reading content, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToProposeAsync(RepoRoute route, CancellationToken cancel)
    {
        await ToTakePartAsync(route, cancel);
        return (await ToReadContentAsync(route, cancel)).Repo;
    }

    /// <summary>To commit on the route's revision: for those who may change the repository, on a pull request also for whoever opened it.</summary>
    /// <param name="isProposal">The commit opens a pull request instead.</param>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToCommitAsync(RepoRoute route, bool isProposal, PullRequests pullRequests, CancellationToken cancel)
    {
        if (isProposal)
        {
            var proposedTo = await ToProposeAsync(route, cancel);
            DiscussionAccess.RequireEnabled(proposedTo, caller);
            return proposedTo;
        }

        var repo = await ToServeAsync(route, cancel);
        var proposal = await pullRequests.FindAsync(repo.Id, route.Revision, cancel);
        if (!repo.CanBeChangedBy(caller))
        {
            await RequireOwnAsync(IsOwn(proposal), route, cancel);
        }

        proposal?.RequireUnderWay();
        return repo;
    }

    /// <summary>To push: for those who may change the repository, and for whoever has a pull request of their own under way.</summary>
    /// <exception cref="Refusal">As for reading, or <c>forbidden</c>.</exception>
    public async Task<Repo> ToPushAsync(RepoRoute route, PullRequests pullRequests, CancellationToken cancel)
    {
        var repo = await ToServeAsync(route, cancel);
        if (!repo.CanBeChangedBy(caller))
        {
            await RequireOwnAsync(CanPropose && (await pullRequests.OwnAsync(repo.Id, caller, cancel)).Count > 0, route, cancel);
        }

        return repo;
    }

    /// <inheritdoc cref="ToChangeAsync"/>
    public async Task<Repo> ToAdministerAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await ToReadAsync(route, cancel);
        return repo.CanBeAdministeredBy(caller) ? repo : throw HubRefusals.ReadOnly(caller, TokenScope.ManageRepos);
    }

    private bool CanPropose => caller.May(TokenScope.WriteDiscussions);

    private bool IsOwn(Discussion? proposal) => CanPropose && proposal?.AuthorId == caller.Id;

    /// <summary>Who may not change a repository goes on with what is their own in it, as long as they may read it.</summary>
    private Task<Repo> RequireOwnAsync(bool isOwn, RepoRoute route, CancellationToken cancel) =>
        isOwn ? ToProposeAsync(route, cancel) : throw HubRefusals.ReadOnly(caller, TokenScope.WriteRepos);

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
        return repo.OwnerName == route.Owner && repo.Name == route.Name ? repo : throw HubRefusals.MovedTo(PlaceOf(repo, route));
    }

    /// <summary>The same request at the repository's own place: everything behind owner and name stays as it was sent.</summary>
    private string PlaceOf(Repo repo, RepoRoute route)
    {
        var target = RepoRoute.Target(context.HttpContext!); // a route was bound from it
        var lead = target.StartsWith(RepoRoute.Gates, StringComparison.Ordinal) ? $"{RepoRoute.Gates}{repo.Type.Segment()}/"
            : target.StartsWith("/api/", StringComparison.Ordinal) ? $"/api/{repo.Type.Segment()}/" : $"/{repo.Type.Prefix()}";
        var skipped = lead.Count(c => c == '/') + 1; // slashes up to the end of owner/name
        var rest = 0;
        for (var slashes = 0; rest < target.Length && (target[rest] != '?') && (target[rest] != '/' || ++slashes <= skipped); rest++)
        {
        }

        var git = target[..rest].EndsWith(".git", StringComparison.Ordinal) && !lead.StartsWith("/api/", StringComparison.Ordinal) ? ".git" : "";
        return $"{lead}{repo.FullName}{git}{target[rest..]}";
    }
}

/// <summary>A repository whose content the caller may have.</summary>
/// <param name="Through">The acceptance that says so; null where none is needed.</param>
internal sealed record ReadableRepo(Repo Repo, Acceptance? Through);
