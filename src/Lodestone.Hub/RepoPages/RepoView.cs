using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What the pages of one repository share.</summary>
/// <param name="At">The revision and path in the address; main and the root where the address has none.</param>
/// <param name="Facts">Of main.</param>
/// <param name="Bases">The models that this one was made from.</param>
/// <param name="Reader">Who looks at it.</param>
/// <param name="IsLiked">By the reader.</param>
/// <param name="Gate">Null: whoever sees the repository may read it.</param>
internal sealed record RepoView(
    Repo Repo, GitRepository Git, RevisionPath At, RepoFacts Facts, IReadOnlyList<BaseModel> Bases, bool IsOwnedByOrganization, Caller Reader, bool IsLiked, GatePlace? Gate)
{
    public const string MainBranch = "main";

    /// <summary>The reader wants to hear of it.</summary>
    public bool IsWatched { get; init; }

    /// <summary>Some that have it in them. Read for the first page alone, as the reader's own are.</summary>
    public IReadOnlyList<Collection> Collections { get; init; } = [];

    /// <summary>What it uses and what uses it; read for the first page alone, too.</summary>
    public IReadOnlyList<RepoTie> Ties { get; init; } = [];

    /// <summary>Those that the reader may put it into.</summary>
    public IReadOnlyList<Collection> OwnCollections { get; init; } = [];

    /// <summary>Its places on leaderboards, or the leaderboards on it. Likewise for the first page alone.</summary>
    public ShownScores Scores { get; init; } = ShownScores.None;

    public string Href => $"/{Repo.Type.Prefix()}{Repo.FullName}";

    public TypeWords Words => Repo.Type.Words();

    /// <summary>By what the API calls it.</summary>
    public string ApiHref => $"/api/{Repo.Type.Segment()}/{Repo.FullName}";

    public bool CanAdminister => Repo.CanBeAdministeredBy(Reader);

    public bool CanChange => Repo.ArchivedAt is null && Repo.CanBeChangedBy(Reader);

    /// <summary>The reader may commit to what is being looked at: also to a pull request of their own.</summary>
    public bool CanCommit { get; init; }

    /// <summary>Discussions and pull requests that are not closed.</summary>
    public int OpenDiscussions { get; init; }

    /// <summary>The reference that is being looked at, in full; null at a tag or a commit, where nothing can be added.</summary>
    public string? BranchRef => Git.Revisions.Find(At.Name)?.RefName is { } name
        && (name.StartsWith(RefName.Branches, StringComparison.Ordinal) || name.StartsWith(PullRequests.Prefix, StringComparison.Ordinal)) ? name : null;

    /// <summary>Its short name; of a pull request <c>refs/pr/1</c>.</summary>
    public string? Branch => BranchRef is { } name && name.StartsWith(RefName.Branches, StringComparison.Ordinal) ? name[RefName.Branches.Length..] : BranchRef;

    /// <summary>The reader may have what files hold. Where not, the layout shows the gate in place of a page that shows it.</summary>
    public bool IsReadable => Gate is null or { IsOpen: true };

    public RepoTree Tree { get; } = new(Git, At.Commit);

    public JsonObject? Card => Facts.CardData;

    /// <summary>Downloads on each of the last 30 days; empty where the page does not show them.</summary>
    public IReadOnlyList<long> Month { get; init; } = [];

    /// <param name="verb">The segment behind the name: <c>tree</c>, <c>blob</c>, <c>resolve</c>, …</param>
    public string To(string verb, string revision, string path = "")
    {
        var root = $"{Href}/{verb}/{Uri.EscapeDataString(revision)}";
        return path.Length == 0 ? root : $"{root}/{RepoAddress.Escape(path)}";
    }

    /// <summary>At the revision that is being looked at.</summary>
    public string Here(string verb, string path = "") => To(verb, At.Name, path);

    /// <summary>The name by which the inference API knows the model at this revision.</summary>
    public string ApiName => At.Name == MainBranch ? Repo.FullName : $"{Repo.FullName}@{At.Name}";
}

/// <summary>
/// Opens the repository that a page is about. Components beside each other load at the same time, but a request has one context
/// for the hub's rows: so what several of them show is read here, before any of them begins.
/// </summary>
internal sealed class RepoViews(
    HubDb db, RepoAccess access, RepoStore store, RepoRefresh refresh, PullRequests pullRequests, DiscussionLists discussions, ModelFamily family, CollectionLists collections,
    GatePlaces gates, Metrics metrics, RepoTies ties, RepoScores scores, Identity.Namespaces namespaces)
{
    private const int MostCollections = 5;

    /// <exception cref="Refusal"><c>not_found</c>, the same for what is missing and what is hidden; <c>moved</c>.</exception>
    public async Task<RepoView> OpenAsync(HttpContext context, CancellationToken cancel)
    {
        var route = await RepoRoute.BindAsync(context) ?? throw NotFound(RepoType.Model, "");
        try
        {
            var repo = await access.ToReadAsync(route, cancel);
            var git = store.Open(repo.Id);
            var facts = await refresh.FactsAsync(repo, git, cancel);
            var gate = await gates.FindAsync(repo, facts, access.Caller, cancel);
            var at = gate is { IsOpen: false } && RepoAddress.IsContent(context) // it says the same whatever is behind it
                || route.Rest is [] or [""] || RepoAddress.SectionOf(context) is "compare" or "discussions" or "settings" ? RevisionPath.OfRevision(git, RepoView.MainBranch) : RevisionPath.Read(git, route.Rest);
            var owner = await namespaces.FindAsync(repo.OwnerName, cancel);
            var isLiked = access.Caller.IsAuthenticated && await db.Likes.AnyAsync(l => l.RepoId == repo.Id && l.UserId == access.Caller.Id, cancel);
            var bases = await family.BasesAsync(facts, cancel);
            var proposal = await pullRequests.FindAsync(repo.Id, at.Name, cancel);
            var isWatched = access.Caller.IsAuthenticated && await db.Watches.AnyAsync(w => w.RepoId == repo.Id && w.UserId == access.Caller.Id, cancel);
            var isFirst = RepoAddress.SectionOf(context).Length == 0;
            return new RepoView(repo, git, at, facts, bases, owner is { IsOrganization: true }, access.Caller, isLiked, gate)
            {
                IsWatched = isWatched,
                Month = isFirst ? await metrics.MonthAsync(repo.Id, cancel) : [],
                Ties = isFirst ? await ties.OfAsync(repo, facts, cancel) : [],
                Collections = isFirst ? await collections.WithAsync(repo.Id, MostCollections, cancel) : [],
                OwnCollections = isFirst && access.Caller.IsAuthenticated ? await collections.WithoutAsync(repo.Id, cancel) : [],
                Scores = isFirst ? await scores.OfAsync(repo, cancel) : ShownScores.None,
                CanCommit = repo.ArchivedAt is null && proposal is not { IsUnderWay: false } && (repo.CanBeChangedBy(access.Caller) || access.IsOwn(proposal)),
                OpenDiscussions = await discussions.CountOpenAsync(repo.Id, cancel),
            };
        }
        catch (Refusal refusal) when (refusal.Code.Code is "repo_not_found")
        {
            throw NotFound(route.Type, $"{route.Owner}/{route.Name}");
        }
        catch (Refusal refusal) when (refusal.Code.Code is "revision_not_found")
        {
            throw new Refusal(RefusalCode.NotFound, $"{route.Owner}/{route.Name} has no such branch, tag or commit. Choose one from its files page.");
        }
    }

    private static Refusal NotFound(RepoType type, string name) =>
        new(RefusalCode.NotFound, $"There is no {type.Words().Noun} {name}, or it is private. If you should be able to see it, sign in as somebody who may.");
}
