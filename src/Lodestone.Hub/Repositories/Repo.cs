using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A repository: its place, its owner and what lists sort by. Its files are in git.</summary>
internal sealed class Repo
{
    public required Guid Id { get; init; }

    public required RepoType Type { get; init; }

    public required Guid OwnerId { get; set; }

    public required string OwnerName { get; set; }

    public required string Name { get; set; }

    /// <summary><c>owner/name</c> in lower case.</summary>
    public required string PathLower { get; set; }

    public required bool IsPrivate { get; set; }

    public required Guid CreatedBy { get; init; }

    /// <summary>The app that made it for that person, which may do more with it than with others.</summary>
    public Guid? CreatedByApp { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When main got its newest commit.</summary>
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>By people, in the last 30 days.</summary>
    public long Downloads { get; init; }

    /// <summary>By people, ever.</summary>
    public long DownloadsAllTime { get; init; }

    public long Likes { get; init; }

    /// <summary>How much it is asked for lately, as <see cref="Hub.Trend"/> keeps it.</summary>
    public long Trend { get; init; }

    /// <summary>The highest number that a discussion has.</summary>
    public long LastNumber { get; init; }

    /// <summary>Nobody but those who may change it opens discussions or writes in them.</summary>
    public bool DiscussionsDisabled { get; set; }

    public string? PipelineTag { get; set; }

    public string? LibraryName { get; set; }

    /// <summary>Of the weights on main; null where the files do not say.</summary>
    public long? Parameters { get; set; }

    /// <summary>Main has a GGUF file, so the model can be called.</summary>
    public bool IsServable { get; set; }

    /// <summary>How people are let in to what it holds; null: whoever sees it has it.</summary>
    public GateMode? Gate { get; set; }

    /// <summary>The collection whose gate it is, before all of that collection's repositories; null: the repository's own.</summary>
    public Guid? GateCollectionId { get; set; }

    /// <summary>The gate is also for members who may only read.</summary>
    public bool GatesMembers { get; set; }

    /// <summary>The gate is also for calls of the model.</summary>
    public bool GatesCalls { get; set; }

    /// <summary>From where the gate lets nobody in, an <see cref="OriginRule"/> as JSON; null: people from everywhere may ask.</summary>
    public string? GateOrigins { get; set; }

    /// <summary>Since when it is only to be read; null where it may be changed.</summary>
    public DateTimeOffset? ArchivedAt { get; set; }

    /// <summary>Since when nobody may read it, by an administrator of the server.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>Why, as everybody is told.</summary>
    public string? DisabledReason { get; set; }

    public string FullName => $"{OwnerName}/{Name}";

    /// <summary>The rule of <see cref="RepoQueries.VisibleTo"/> for a row that was read.</summary>
    public bool IsVisibleTo(Caller caller) => (!IsPrivate && DisabledAt is null) || IsSharedWith(caller);

    /// <summary>Whether the caller, who names it, may know of it: also of a take-down.</summary>
    public bool IsKnownTo(Caller caller) => !IsPrivate || IsSharedWith(caller);

    /// <summary>Contributors change what they made; writers change everything in the namespace.</summary>
    public bool CanBeChangedBy(Caller caller) =>
        caller.CanWrite(OwnerId, TokenScope.WriteRepos) || (CreatedBy == caller.Id && caller.CanContribute(OwnerId, TokenScope.WriteRepos)) || IsMadeBy(caller);

    /// <summary>Deleting, moving and settings: for administrators of the namespace and for whoever made the repository.</summary>
    public bool CanBeAdministeredBy(Caller caller) =>
        caller.CanAdminister(OwnerId, TokenScope.ManageRepos) || (CreatedBy == caller.Id && caller.CanContribute(OwnerId, TokenScope.ManageRepos)) || IsMadeBy(caller);

    private bool IsSharedWith(Caller caller) => caller.CanRead(OwnerId, TokenScope.ReadRepos) || IsMadeBy(caller);

    // By the same app for the same person: all that the scope contribute-repos is for.
    private bool IsMadeBy(Caller caller) =>
        CreatedByApp is not null && CreatedByApp == caller.AppId && CreatedBy == caller.Id && caller.CanContribute(OwnerId, TokenScope.ContributeRepos);

    public static string LowerPath(string owner, string name) => $"{owner}/{name}".ToLowerInvariant();
}

/// <summary>An old place of a moved repository.</summary>
internal sealed record RepoAlias(RepoType Type, string PathLower, Guid RepoId);

/// <summary>One tag of a repository, for filters.</summary>
internal sealed record RepoTag(Guid RepoId, string Tag);

internal static class RepoQueries
{
    /// <summary>What the caller may know of: everything public that is not taken down, and what is in the caller's namespaces.</summary>
    public static IQueryable<Repo> VisibleTo(this IQueryable<Repo> repos, Caller caller)
    {
        var readable = caller.ReadableFor(TokenScope.ReadRepos);
        if (caller.AppId is not { } appId || !caller.May(TokenScope.ContributeRepos))
        {
            return repos.Where(r => (!r.IsPrivate && r.DisabledAt == null) || readable.Contains(r.OwnerId));
        }

        var (userId, fillable) = (caller.Id, caller.Roles.Keys.Where(id => caller.CanContribute(id, TokenScope.ContributeRepos)).ToList());
        return repos.Where(r => (!r.IsPrivate && r.DisabledAt == null) || readable.Contains(r.OwnerId) || (r.CreatedByApp == appId && r.CreatedBy == userId && fillable.Contains(r.OwnerId)));
    }

    public static IQueryable<Repo> At(this IQueryable<Repo> repos, RepoType type, string pathLower) =>
        repos.Where(r => r.Type == type && r.PathLower == pathLower);

    /// <summary>The repository that had this place before it moved.</summary>
    public static IQueryable<Repo> OnceAt(this HubDb db, IQueryable<Repo> repos, RepoType type, string pathLower) =>
        repos.Where(r => db.Aliases.Any(a => a.Type == type && a.PathLower == pathLower && a.RepoId == r.Id));
}
