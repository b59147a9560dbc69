namespace Lodestone.Hub;

/// <summary>A tag as a page shows it.</summary>
/// <param name="Href">The repositories that share it, or the place that it names.</param>
internal sealed record TagLink(string Text, string? Kind, string? Icon, string Href);

/// <summary>What a repository's header says of it: the values of its facets, its licence, papers, and the rest of its tags.</summary>
internal static class CardTagLinks
{
    private const int MostOthers = 16;

    private static readonly string[] Prefixes = ["license:", "base_model:", "region:", "arxiv:", "doi:", "dataset:"];

    public static IReadOnlyList<TagLink> Of(RepoType type, RepoFacts facts) => type is RepoType.Model ? OfModel(facts) : OfOther(type, facts);

    private static List<TagLink> OfModel(RepoFacts facts)
    {
        var links = new List<TagLink>();
        var languages = facts.CardData.Texts("language").ToList();
        if (facts.PipelineTag is { } task)
        {
            links.Add(new TagLink(TaskName.Of(task), null, "compass", new ListSearch { Task = task }.Href));
        }

        if (facts.LibraryName is { } library)
        {
            links.Add(new TagLink(library, null, "code", new ListSearch { Library = library }.Href));
        }

        links.AddRange(facts.Tags.Where(FacetKind.ModelFormats.Contains).Where(f => f != facts.LibraryName)
            .Select(f => new TagLink(f, null, "cube", new ListSearch { Format = f }.Href)));
        links.AddRange(languages.Select(l => new TagLink(l, "language", null, new ListSearch { Language = l }.Href)));
        links.AddRange(Named(RepoType.Model, facts));
        var said = languages.Concat(FacetKind.ModelFormats).Append(facts.PipelineTag).Append(facts.LibraryName).ToHashSet(StringComparer.Ordinal);
        links.AddRange(Others(RepoType.Model, facts.Tags.Where(t => !said.Contains(t))));
        return links;
    }

    private static List<TagLink> OfOther(RepoType type, RepoFacts facts)
    {
        var links = new List<TagLink>();
        var kinds = FacetKind.Of(type).Where(k => k.Key is not ("license" or "sdk")).ToList();
        foreach (var kind in kinds)
        {
            links.AddRange(After(facts, kind.Prefix).Select(v => new TagLink(kind.TextOf(v), kind.Title.ToLowerInvariant(), null, kind.Choose(new ListSearch { Type = type }, v).Href)));
        }

        links.AddRange(Named(type, facts));
        links.AddRange(Others(type, facts.Tags.Where(t => !kinds.Exists(k => t.StartsWith(k.Prefix, StringComparison.Ordinal)))));
        return links;
    }

    private static IEnumerable<TagLink> Named(RepoType type, RepoFacts facts) =>
    [
        .. After(facts, "license:").Select(l => new TagLink(l, "licence", "scale", new ListSearch { Type = type, License = l }.Href)),
        .. After(facts, "arxiv:").Select(a => new TagLink(a, "arXiv", "book", $"https://arxiv.org/abs/{Uri.EscapeDataString(a)}")),
        .. After(facts, "doi:").Select(d => new TagLink(d, "doi", "book", $"https://doi.org/{RepoAddress.Escape(d)}")),
    ];

    private static IEnumerable<TagLink> Others(RepoType type, IEnumerable<string> tags) => tags
        .Where(t => !Array.Exists(Prefixes, p => t.StartsWith(p, StringComparison.Ordinal)))
        .Take(MostOthers)
        .Select(t => new TagLink(t, null, null, new ListSearch { Type = type, Tag = t }.Href));

    private static IEnumerable<string> After(RepoFacts facts, string prefix) =>
        facts.Tags.Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).Select(t => t[prefix.Length..]);
}

/// <summary>Tasks as people read them.</summary>
internal static class TaskName
{
    /// <summary><c>text-generation</c> as <c>Text generation</c>.</summary>
    public static string Of(string task) => task.Length == 0 ? task : char.ToUpperInvariant(task[0]) + task[1..].Replace('-', ' ');
}
