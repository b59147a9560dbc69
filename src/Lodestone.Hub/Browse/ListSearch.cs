using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Lodestone.Hub;

/// <summary>What somebody looks for among the repositories of one type. All of it is in the address, so that a list can be sent to somebody else.</summary>
internal sealed record ListSearch
{
    /// <summary>The first is the one that nothing need be said for.</summary>
    public static readonly RepoOrder[] Orders = [RepoOrder.Trending, RepoOrder.Downloads, RepoOrder.Likes, RepoOrder.Updated, RepoOrder.Created, RepoOrder.Parameters, RepoOrder.Name];

    public RepoType Type { get; init; }

    /// <summary>Parts of <c>owner/name</c>, in any case; words of the files where <see cref="IsFullText"/>.</summary>
    public string? Text { get; init; }

    /// <summary>Looks in cards, tags and the names of tensors as well.</summary>
    public bool IsFullText { get; init; }

    public string? Owner { get; init; }

    public string? Task { get; init; }

    public string? Library { get; init; }

    public string? License { get; init; }

    public string? Format { get; init; }

    public string? Language { get; init; }

    /// <summary>Of data sets: text, image, audio.</summary>
    public string? Modality { get; init; }

    /// <summary>Of data sets: a range of rows, such as <c>10K&lt;n&lt;100K</c>.</summary>
    public string? Size { get; init; }

    /// <summary>Of spaces.</summary>
    public string? Sdk { get; init; }

    public string? Tag { get; init; }

    /// <summary>Of models: <c>owner/name</c> of what they were made from.</summary>
    public string? Base { get; init; }

    /// <summary>Of models: <c>owner/name</c> of what they were trained on.</summary>
    public string? Dataset { get; init; }

    /// <summary><c>served</c>: those that the inference API answers for; <c>evaluated</c>: those whose card has results; <c>gated</c>: those that must be asked for.</summary>
    public string? Is { get; init; }

    /// <summary>The smallest models wanted; one of <see cref="SizeStops"/>.</summary>
    public string? Least { get; init; }

    /// <summary>The largest models wanted; one of <see cref="SizeStops"/>.</summary>
    public string? Most { get; init; }

    /// <summary>The machine that models are to fit on.</summary>
    public MachineFit? Fit { get; init; }

    public RepoOrder Order { get; init; } = RepoOrder.Trending;

    /// <summary>Where the page begins; null for the first.</summary>
    public string? Cursor { get; init; }

    public bool IsEmpty => this == new ListSearch { Type = Type, Order = Order, Cursor = Cursor };

    public string Href => $"/{Type.Segment()}{new QueryBuilder(Query)}";

    /// <summary>All that is asked, as the address has it.</summary>
    public IEnumerable<KeyValuePair<string, string>> Query
    {
        get
        {
            (string Name, string? Value)[] all =
            [
                ("search", Text),
                ("full_text", IsFullText ? "true" : null),
                ("author", Owner),
                .. FacetKind.Of(Type).Select(kind => (kind.Key, kind.Chosen(this))),
                ("tag", Tag),
                ("min", Least),
                ("max", Most),
                ("memory", Whole(Fit?.Gigabytes)),
                ("bits", Whole(Fit?.Bits)),
                ("context", Whole(Fit?.Context)),
                ("sort", Order is RepoOrder.Trending ? null : Order.ToString().ToLowerInvariant()),
                ("cursor", Cursor),
            ];
            return all.Where(p => !string.IsNullOrEmpty(p.Value)).Select(p => KeyValuePair.Create(p.Name, p.Value ?? ""));
        }
    }

    public static ListSearch Of(RepoType type, IQueryCollection query)
    {
        var search = new ListSearch
        {
            Type = type,
            Text = Value("search"),
            Owner = Value("author"),
            Tag = Value("tag"),
            IsFullText = query["full_text"] == "true",
            Least = SizeStops.Find(query["min"].ToString()),
            Most = SizeStops.Find(query["max"].ToString()),
            Fit = MachineFit.Read(query["memory"].ToString(), query["bits"].ToString(), query["context"].ToString()),
            Order = Orders.FirstOrDefault(o => o.ToString().Equals(query["sort"], StringComparison.OrdinalIgnoreCase), Orders[0]),
            Cursor = Value("cursor"),
        };
        return FacetKind.Of(type).Aggregate(search, (found, kind) => kind.Choose(found, Value(kind.Key)));

        string? Value(string name) => CardValues.Clean(query[name].ToString()).Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>What the facets narrow by, among the repository's tags.</summary>
    public IReadOnlyList<string> ChosenTags => [.. FacetKind.Of(Type).Select(k => k.Chosen(this) is { } value ? k.Prefix + value : null).OfType<string>()];

    /// <summary>The same for the hub's list.</summary>
    public RepoSearch ToRepoSearch() => WithoutFacets() with { Tags = [.. ChosenTags, .. new[] { Tag }.OfType<string>()] };

    public RepoSearch WithoutFacets() =>
        new(Type, Text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], Owner, [.. new[] { Tag }.OfType<string>()], Order, Core.Cursor.Decode(Cursor))
        {
            IsFullText = IsFullText,
            LeastParameters = SizeStops.Count(Least),
            MostParameters = (SizeStops.Count(Most), Fit?.MostParameters) is ({ } most, { } fitting) ? Math.Min(most, fitting) : SizeStops.Count(Most) ?? Fit?.MostParameters,
        };

    private static string? Whole(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
