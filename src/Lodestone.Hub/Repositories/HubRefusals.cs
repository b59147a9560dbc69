using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>The hub protocol's refusals. Clients choose their exception class by the code and match some of the texts.</summary>
internal static class HubRefusals
{
    private static readonly RefusalCode HiddenFromAnonymous = new("repo_not_found", 401, "RepoNotFound");
    private static readonly RefusalCode MissingRepo = new("repo_not_found", 404, "RepoNotFound");
    private static readonly RefusalCode MissingRevision = new("revision_not_found", 404, "RevisionNotFound");
    private static readonly RefusalCode MissingEntry = new("entry_not_found", 404, "EntryNotFound");
    private static readonly RefusalCode GatedFromAnonymous = new("gated_repo", 401, "GatedRepo");
    private static readonly RefusalCode GatedRepo = new("gated_repo", 403, "GatedRepo");
    private static readonly RefusalCode Moved = new("moved", 307);
    private static readonly RefusalCode Outdated = new("parent_outdated", 412);

    /// <summary>Missing and hidden look alike.</summary>
    public static Refusal RepoNotFound(Caller caller) => new(caller.IsAuthenticated ? MissingRepo : HiddenFromAnonymous, "Repository not found")
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Error-Code"] = "RepoNotFound" }, // in every shape of error: LFS calls are looked up by it too
    };

    /// <param name="own">The caller's own place at the gate; null: they never asked.</param>
    public static Refusal Gated(Repo repo, Caller caller, AccessRequest? own, string baseAddress)
    {
        var place = $"/{repo.Type.Prefix()}{repo.FullName}";
        var what = $"Access to {repo.Type.Singular()} {repo.FullName} is restricted";
        var message = !caller.IsAuthenticated
            ? $"{what}. You must have access to it and be authenticated to access it. Please log in."
            : $"{what} and you are not in the authorized list. {NextStep(own, baseAddress + place)}";
        return new Refusal(caller.IsAuthenticated ? GatedRepo : GatedFromAnonymous, message)
        {
            HelpPath = place,
            Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["state"] = own?.State.ToWire() ?? "none" },
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Error-Code"] = "GatedRepo" }, // in every shape of error
        };
    }

    /// <param name="place">Where the request comes from; null: that cannot be told.</param>
    public static Refusal KeptOut(Repo repo, OriginVerdict verdict, string? place)
    {
        var what = $"{repo.Type.Singular()} {repo.FullName}";
        var message = place is null
            ? $"Access to {what} depends on where you are, and this server cannot tell that of your network address. Come from another network, or ask {repo.OwnerName}."
            : $"Access to {what} is closed to where you are: your network address is in {place}. {repo.OwnerName} has decided so.";
        return new Refusal(GatedRepo, message)
        {
            HelpPath = $"/{repo.Type.Prefix()}{repo.FullName}",
            Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["place"] = verdict.ToWire() },
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Error-Code"] = "GatedRepo" },
        };
    }

    private static string NextStep(AccessRequest? own, string page) => own?.State switch
    {
        AccessState.Pending => $"Your request is awaiting the owner's answer: {page}",
        AccessState.Rejected => $"Your request was rejected: {page} says more.",
        AccessState.Revoked => $"Your access was revoked: {page} says more.",
        AccessState.Suspended => $"The licence has changed. Visit {page} to accept the new one.",
        _ => $"Visit {page} to ask for access.",
    };

    public static Refusal NoRightToCreate(Caller caller, RepoType type, string owner) => caller.AppId is not null && !caller.May(TokenScope.ContributeRepos)
        ? TokenScopes.Lacking(TokenScope.ContributeRepos)
        : new Refusal(RefusalCode.Forbidden, $"You don't have the rights to create a {type.Singular()} under the namespace \"{owner}\".");

    public static Refusal RevisionNotFound(string revision) => new(MissingRevision, $"Invalid rev id: {revision}");

    public static Refusal EntryNotFound(ObjectId commit, string message = "Entry not found") => new(MissingEntry, message)
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Repo-Commit"] = commit.ToString() },
    };

    /// <param name="scope">What an app would need for it.</param>
    public static Refusal ReadOnly(Caller caller, TokenScope scope = TokenScope.Write)
    {
        if (!caller.IsAuthenticated)
        {
            return new Refusal(RefusalCode.Unauthenticated, "Invalid username or password.");
        }

        return caller.AppId is not null && !caller.May(scope)
            ? TokenScopes.Lacking(scope)
            : new Refusal(RefusalCode.Forbidden, "You may read this repository but not change it. Use a token with write access of somebody who may.");
    }

    /// <summary>Clients know a take-down by this text alone, and no code.</summary>
    public static Refusal Disabled(Repo repo) => new(RefusalCode.Forbidden, "Access to this resource is disabled.")
    {
        Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["reason"] = repo.DisabledReason, ["disabledAt"] = Instants.ToWire(repo.DisabledAt ?? default) },
    };

    public static Refusal Archived(Repo repo) => new(
        RefusalCode.Forbidden, $"{repo.FullName} is archived: it is only to be read. Whoever administers it can take it out of the archive in its settings.");

    /// <param name="location">Path only: the Python client follows no other redirect on a HEAD.</param>
    public static Refusal MovedTo(string location) => new(Moved, $"The repository is now at {location}.")
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Location"] = location },
    };

    public static Refusal BranchMoved() =>
        new(Outdated, "The branch was updated since you opened this page. Please refresh and try again.");
}
