using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>What the pages of one repository share.</summary>
/// <param name="At">The revision and path in the address; main and the root where the address has none.</param>
/// <param name="Facts">Of main.</param>
/// <param name="Bases">The models that this one was made from.</param>
internal sealed record RepoView(
    Repo Repo, GitRepository Git, RevisionPath At, RepoFacts Facts, IReadOnlyList<BaseModel> Bases, bool IsOwnedByOrganization, bool CanAdminister)
{
    public const string MainBranch = "main";

    public string Href => $"/{Repo.FullName}";

    public RepoTree Tree { get; } = new(Git, At.Commit);

    public JsonObject? Card => Facts.CardData;

    /// <param name="verb"><c>tree</c>, <c>blob</c>, <c>resolve</c>, <c>raw</c> or <c>commits</c>.</param>
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
internal sealed class RepoViews(RepoAccess access, RepoStore store, RepoRefresh refresh, ModelFamily family, Identity.Namespaces namespaces)
{
    /// <exception cref="Refusal"><c>not_found</c>, the same for what is missing and what is hidden; <c>moved</c>.</exception>
    public async Task<RepoView> OpenAsync(HttpContext context, CancellationToken cancel)
    {
        var route = await RepoRoute.BindAsync(context) ?? throw NotFound("");
        try
        {
            var repo = await access.ToReadAsync(route, cancel);
            var git = store.Open(repo.Id);
            var at = route.Rest is [] or [""] ? RevisionPath.OfRevision(git, RepoView.MainBranch) : RevisionPath.Read(git, route.Rest);
            var facts = await refresh.FactsAsync(repo, git, cancel);
            var owner = await namespaces.FindAsync(repo.OwnerName, cancel);
            var bases = await family.BasesAsync(facts, cancel);
            return new RepoView(repo, git, at, facts, bases, owner is { IsOrganization: true }, repo.CanBeAdministeredBy(access.Caller));
        }
        catch (Refusal refusal) when (refusal.Code.Code is "repo_not_found")
        {
            throw NotFound($"{route.Owner}/{route.Name}");
        }
        catch (Refusal refusal) when (refusal.Code.Code is "revision_not_found")
        {
            throw new Refusal(RefusalCode.NotFound, $"{route.Owner}/{route.Name} has no such branch, tag or commit. Choose one from its files page.");
        }
    }

    private static Refusal NotFound(string name) =>
        new(RefusalCode.NotFound, $"There is no model {name}, or it is private. If you should be able to see it, sign in as somebody who may.");
}
