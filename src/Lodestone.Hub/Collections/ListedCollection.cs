namespace Lodestone.Hub;

/// <summary>A collection as lists show it.</summary>
/// <param name="Href">Its page, as a path on this server.</param>
/// <param name="Theme">A colour.</param>
/// <param name="Count">Of its items that the reader may see.</param>
/// <param name="Names">Of the first of them.</param>
public sealed record ListedCollection(
    string Title, string Href, string Owner, string Theme, bool IsPrivate, int Count, long Upvotes, DateTimeOffset UpdatedAt, IReadOnlyList<string> Names)
{
    internal static ListedCollection Of(ShownCollection shown) => new(
        shown.Collection.Title, shown.Collection.Href, shown.Collection.OwnerName, shown.Collection.Theme, shown.Collection.IsPrivate, shown.Count, shown.Collection.Upvotes,
        shown.Collection.UpdatedAt, [.. shown.Items.Select(i => i.Repo?.FullName ?? i.Nested?.Collection.Title).OfType<string>()]);
}
