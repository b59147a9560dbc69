using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Lodestone.Hub;

/// <summary>What somebody looks for among the repositories of one type. All of it is in the address, so that a list can be sent to somebody else.</summary>
internal sealed record ListSearch
{
    /// <summary>The first is the one that nothing need be said for.</summary>
    public static readonly RepoOrder[] Orders = [RepoOrder.Trending, RepoOrder.Downloads, RepoOrder.Likes, RepoOrder.Updated, RepoOrder.Created, RepoOrder.Parameters, RepoOrder.Name];

    public RepoType Type { get; init; }

    /// <summary>Parts of <c>owner/name</c>, in any case.</summary>
    public string? Text { get; init; }

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

    /// <summary>How large a model is.</summary>
    public ParameterBand? Parameters { get; init; }

    /// <summary>Only those that the inference API answers for.</summary>
    public bool IsServed { get; init; }

    public RepoOrder Order { get; init; } = RepoOrder.Trending;

    /// <summary>Where the page begins; null for the first.</summary>
    public string? Cursor { get; init; }

    public bool IsEmpty => this == new ListSearch { Type = Type, Order = Order, Cursor = Cursor };

    public string Href
    {
        get
        {
            var query = new QueryBuilder();
            Add("search", Text);
            Add("author", Owner);
            foreach (var kind in FacetKind.Of(Type))
            {
                Add(kind.Key, kind.Chosen(this));
            }

            Add("tag", Tag);
            Add("parameters", Parameters?.Key);
            Add("served", IsServed ? "true" : null);
            Add("sort", Order is RepoOrder.Trending ? null : Order.ToString().ToLowerInvariant());
            Add("cursor", Cursor);
            return $"/{Type.Segment()}{query}";

            void Add(string name, string? value)
            {
                if (!string.IsNullOrEmpty(value))
                {
                    query.Add(name, value);
                }
            }
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
            IsServed = query["served"] == "true",
            Parameters = ParameterBand.Find(query["parameters"]),
            Order = Orders.FirstOrDefault(o => o.ToString().Equals(query["sort"], StringComparison.OrdinalIgnoreCase), Orders[0]),
            Cursor = Value("cursor"),
        };
        return FacetKind.Of(type).Aggregate(search, (found, kind) => kind.Choose(found, Value(kind.Key)));

        string? Value(string name) => CardValues.Clean(query[name].ToString()).Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>The same for the hub's list. What a facet narrows by is among the repository's tags.</summary>
    public RepoSearch ToRepoSearch()
    {
        var tags = FacetKind.Of(Type).Select(k => k.Chosen(this) is { } value ? k.Prefix + value : null).Append(Tag);
        return new RepoSearch(Type, Text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], Owner, [.. tags.OfType<string>()], Order, Core.Cursor.Decode(Cursor))
        {
            IsServable = IsServed,
            LeastParameters = Parameters?.Least,
            MostParameters = Parameters?.Most,
        };
    }
}
