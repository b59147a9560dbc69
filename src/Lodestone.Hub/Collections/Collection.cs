using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>An ordered list of repositories and other collections that somebody puts together, with a note on each.</summary>
internal sealed class Collection
{
    public const string DefaultTheme = "orange";
    public const int LongestTitle = 60;
    public const int LongestDescription = 150;

    public static readonly IReadOnlyList<string> Themes = ["orange", "blue", "green", "purple", "pink", "indigo"];

    public required Guid Id { get; init; }

    public required Guid OwnerId { get; init; }

    public required string OwnerName { get; init; }

    public required string Title { get; set; }

    public required string TitleLower { get; set; }

    public string? Description { get; set; }

    public required bool IsPrivate { get; set; }

    /// <summary>One of <see cref="Themes"/>.</summary>
    public required string Theme { get; set; }

    /// <summary>Among its owner's, from 0.</summary>
    public long Position { get; set; }

    public long Upvotes { get; init; }

    public required Guid CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary><c>owner/title-id</c>. It changes with the title; the id at its end alone counts.</summary>
    public string Slug => $"{OwnerName}/{Slugs.Of(Title, Id, "collection")}";

    public string Href => $"/collections/{Slug}";

    /// <summary>The rule for repositories.</summary>
    public bool CanBeChangedBy(Caller caller) =>
        caller.CanWrite(OwnerId, TokenScope.WriteCollections) || (CreatedBy == caller.Id && caller.CanContribute(OwnerId, TokenScope.WriteCollections));

    /// <summary>The id in any slug that a collection has had, or in the id alone; <see cref="Guid.Empty"/>, which nothing has, where there is none.</summary>
    public static Guid IdOf(string slug) => Slugs.IdOf(slug);
}

/// <summary>One thing in a collection: a repository or another collection.</summary>
internal sealed class CollectionItem
{
    public const int LongestNote = 500;

    public required Guid Id { get; init; }

    public required Guid CollectionId { get; init; }

    public Guid? RepoId { get; init; }

    public Guid? NestedId { get; init; }

    public string? Note { get; set; }

    /// <summary>From 0. What goes away leaves its place empty until something is moved.</summary>
    public required long Position { get; set; }

    public required DateTimeOffset AddedAt { get; init; }
}

internal sealed record CollectionUpvote(Guid CollectionId, Guid UserId, DateTimeOffset CreatedAt);

internal static class CollectionQueries
{
    /// <summary>Everything public, and what is private in the caller's namespaces.</summary>
    public static IQueryable<Collection> VisibleTo(this IQueryable<Collection> collections, Caller caller)
    {
        var readable = caller.ReadableFor(TokenScope.ReadCollections);
        return collections.Where(c => !c.IsPrivate || readable.Contains(c.OwnerId));
    }
}
