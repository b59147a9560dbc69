namespace Lodestone.Hub;

/// <summary>A tag as a page shows it.</summary>
/// <param name="Href">The models that share it, or the place that it names.</param>
internal sealed record TagLink(string Text, string? Kind, string? Icon, string Href);

/// <summary>What a model's header says of it: task, library, formats, languages, licence, papers, and the rest of its tags.</summary>
internal static class CardTagLinks
{
    private const int MostOthers = 16;

    private static readonly string[] Prefixes = ["license:", "base_model:", "region:", "arxiv:", "doi:", "dataset:"];

    public static IReadOnlyList<TagLink> Of(RepoFacts facts)
    {
        var links = new List<TagLink>();
        var languages = facts.CardData.Texts("language").ToList();
        if (facts.PipelineTag is { } task)
        {
            links.Add(new TagLink(TaskName.Of(task), null, "compass", new ModelSearch { Task = task }.Href));
        }

        if (facts.LibraryName is { } library)
        {
            links.Add(new TagLink(library, null, "code", new ModelSearch { Library = library }.Href));
        }

        links.AddRange(facts.Tags.Where(ModelSearch.Formats.Contains).Where(f => f != facts.LibraryName)
            .Select(f => new TagLink(f, null, "cube", new ModelSearch { Format = f }.Href)));
        links.AddRange(languages.Select(l => new TagLink(l, "language", null, new ModelSearch { Tag = l }.Href)));
        links.AddRange(After(facts, "license:").Select(l => new TagLink(l, "licence", "scale", new ModelSearch { License = l }.Href)));
        links.AddRange(After(facts, "arxiv:").Select(a => new TagLink(a, "arXiv", "book", $"https://arxiv.org/abs/{Uri.EscapeDataString(a)}")));
        links.AddRange(After(facts, "doi:").Select(d => new TagLink(d, "doi", "book", $"https://doi.org/{RepoAddress.Escape(d)}")));
        links.AddRange(facts.Tags
            .Where(t => t != facts.PipelineTag && t != facts.LibraryName && !ModelSearch.Formats.Contains(t) && !languages.Contains(t, StringComparer.Ordinal))
            .Where(t => !Array.Exists(Prefixes, p => t.StartsWith(p, StringComparison.Ordinal)))
            .Take(MostOthers)
            .Select(t => new TagLink(t, null, null, new ModelSearch { Tag = t }.Href)));
        return links;
    }

    private static IEnumerable<string> After(RepoFacts facts, string prefix) =>
        facts.Tags.Where(t => t.StartsWith(prefix, StringComparison.Ordinal)).Select(t => t[prefix.Length..]);
}

/// <summary>Tasks as people read them.</summary>
internal static class TaskName
{
    /// <summary><c>text-generation</c> as <c>Text generation</c>.</summary>
    public static string Of(string task) => task.Length == 0 ? task : char.ToUpperInvariant(task[0]) + task[1..].Replace('-', ' ');
}
