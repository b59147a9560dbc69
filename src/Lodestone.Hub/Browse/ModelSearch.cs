using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Lodestone.Hub;

/// <summary>What somebody looks for among the models. All of it is in the address, so that a list can be sent to somebody else.</summary>
internal sealed record ModelSearch
{
    public const string Path = "/models";

    /// <summary>Tags that name a file format.</summary>
    public static readonly FrozenSet<string> Formats = FrozenSet.ToFrozenSet(["safetensors", "gguf", "onnx", "pytorch", "tf", "jax"], StringComparer.Ordinal);

    /// <summary>The first is the one that nothing need be said for.</summary>
    public static readonly RepoOrder[] Orders = [RepoOrder.Downloads, RepoOrder.Updated, RepoOrder.Created, RepoOrder.Name];

    /// <summary>Parts of <c>owner/name</c>, in any case.</summary>
    public string? Text { get; init; }

    public string? Owner { get; init; }

    public string? Task { get; init; }

    public string? Library { get; init; }

    public string? License { get; init; }

    public string? Format { get; init; }

    public string? Tag { get; init; }

    /// <summary>Only those that the inference API answers for.</summary>
    public bool IsServed { get; init; }

    public RepoOrder Order { get; init; }

    /// <summary>Where the page begins; null for the first.</summary>
    public string? Cursor { get; init; }

    public bool IsEmpty => this == new ModelSearch { Order = Order, Cursor = Cursor };

    public string Href
    {
        get
        {
            var query = new QueryBuilder();
            Add("search", Text);
            Add("author", Owner);
            Add("task", Task);
            Add("library", Library);
            Add("license", License);
            Add("format", Format);
            Add("tag", Tag);
            Add("served", IsServed ? "true" : null);
            Add("sort", Order is RepoOrder.Downloads ? null : Order.ToString().ToLowerInvariant());
            Add("cursor", Cursor);
            return Path + query;

            void Add(string name, string? value)
            {
                if (!string.IsNullOrEmpty(value))
                {
                    query.Add(name, value);
                }
            }
        }
    }

    public static ModelSearch Of(IQueryCollection query)
    {
        return new ModelSearch
        {
            Text = Value("search"),
            Owner = Value("author"),
            Task = Value("task"),
            Library = Value("library"),
            License = Value("license"),
            Format = Value("format"),
            Tag = Value("tag"),
            IsServed = query["served"] == "true",
            Order = Array.Find(Orders, o => o.ToString().Equals(query["sort"], StringComparison.OrdinalIgnoreCase)),
            Cursor = Value("cursor"),
        };

        string? Value(string name) => query[name].ToString().Trim() is { Length: > 0 } value ? value : null;
    }

    /// <summary>The same for the hub's list. Task, library and format are among a model's tags.</summary>
    public RepoSearch ToRepoSearch()
    {
        string?[] tags = [Task, Library, Format, Tag, License is null ? null : $"license:{License}"];
        return new RepoSearch(RepoType.Model, Text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], Owner, [.. tags.OfType<string>()], Order, Core.Cursor.Decode(Cursor))
        {
            IsServable = IsServed,
        };
    }
}
