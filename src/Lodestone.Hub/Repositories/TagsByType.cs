using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The tags that lists can be filtered by, sorted into the kinds that clients know: those that some visible repository has.</summary>
internal static class TagsByType
{
    private const int MostTags = 10_000;
    private const string Other = "other";

    private static readonly string[] OfModels = ["pipeline_tag", "library", "dataset", "language", "license", "arxiv", "doi", "region", Other];

    private static readonly string[] OfDatasets =
    [
        "benchmark", "task_categories", "size_categories", "modality", "format", "library", "language", "license", "arxiv", "doi", "region", Other, "task_ids",
        "annotations_creators", "language_creators", "multilinguality", "source_datasets",
    ];

    public static void MapTagsByType(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/models-tags-by-type", (string? type, Caller caller, HubDb db, CancellationToken cancel) => List(RepoType.Model, OfModels, type, caller, db, cancel));
        routes.MapGet("/api/datasets-tags-by-type", (string? type, Caller caller, HubDb db, CancellationToken cancel) => List(RepoType.Dataset, OfDatasets, type, caller, db, cancel));
    }

    private static async Task<IResult> List(RepoType of, string[] types, string? type, Caller caller, HubDb db, CancellationToken cancel)
    {
        if (type is not null && !types.Contains(type, StringComparer.Ordinal))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"type\" must be one of [{string.Join(", ", types)}]") { Param = "type" };
        }

        var repos = db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == of);
        var tags = await db.Tags.AsNoTracking().Where(t => repos.Any(r => r.Id == t.RepoId))
            .GroupBy(t => t.Tag).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Take(MostTags).Select(g => g.Key).ToListAsync(cancel);
        var kinds = of is RepoType.Model
            ? new Dictionary<string, string>(StringComparer.Ordinal)
                .With("pipeline_tag", await repos.Where(r => r.PipelineTag != null).Select(r => r.PipelineTag!).Distinct().ToListAsync(cancel)) // not null by the filter
                .With("library", await repos.Where(r => r.LibraryName != null).Select(r => r.LibraryName!).Distinct().ToListAsync(cancel)) // likewise
                .With("language", tags.Where(t => t.StartsWith(CardNames.Language, StringComparison.Ordinal)).Select(t => t[CardNames.Language.Length..]))
            : [];
        var sorted = tags.Where(t => !t.StartsWith(CardNames.Prefix, StringComparison.Ordinal)).ToLookup(t => kinds.GetValueOrDefault(t) ?? KindOf(t, types), StringComparer.Ordinal);
        IReadOnlyDictionary<string, IReadOnlyList<TagOfType>> answer = types.Where(t => type is null || t == type)
            .ToDictionary(t => t, t => (IReadOnlyList<TagOfType>)[.. sorted[t].Select(id => TagOfType.Of(id, t))], StringComparer.Ordinal);
        return HubAnswer.Json(answer, HubJson.Default.IReadOnlyDictionaryStringIReadOnlyListTagOfType);
    }

    private static string KindOf(string tag, string[] types) =>
        tag.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && Array.Find(types, t => tag.AsSpan(0, colon).SequenceEqual(t)) is { } kind ? kind : Other;

    // A tag that is two things is what it was called first.
    private static Dictionary<string, string> With(this Dictionary<string, string> kinds, string kind, IEnumerable<string> tags)
    {
        foreach (var tag in tags)
        {
            kinds.TryAdd(tag, kind);
        }

        return kinds;
    }
}

/// <param name="Id">To filter by.</param>
/// <param name="Label">To show.</param>
internal sealed record TagOfType(string Id, string Label, string Type)
{
    public static TagOfType Of(string id, string type)
    {
        var name = id.StartsWith(type + ":", StringComparison.Ordinal) ? id[(type.Length + 1)..] : id;
        return new TagOfType(id, type is "pipeline_tag" ? TaskName.Of(id) : name, type);
    }
}
