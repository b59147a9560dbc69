using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A way to narrow a list: by one value of one property that repositories of the type have.</summary>
/// <param name="Title">As people read it.</param>
/// <param name="Key">As in the address.</param>
/// <param name="Prefix">What stands before the value in the repository's tag.</param>
/// <param name="Chosen">The value that a search narrows by; null when by none.</param>
/// <param name="Choose">The search with another value, or with none.</param>
/// <param name="Tags">The tag of every repository that has the property, one for each value.</param>
internal sealed record FacetKind(
    string Title, string Key, string Prefix, Func<ListSearch, string?> Chosen, Func<ListSearch, string?, ListSearch> Choose, Func<HubDb, IQueryable<Repo>, IQueryable<string>> Tags)
{
    /// <summary>Tags that name a format of model files.</summary>
    public static readonly FrozenSet<string> ModelFormats = FrozenSet.ToFrozenSet(["safetensors", "gguf", "onnx", "pytorch", "tf", "jax"], StringComparer.Ordinal);

    private static readonly FacetKind[] Models =
    [
        new("Task", "task", "", s => s.Task, (s, v) => s with { Task = v }, (_, repos) => repos.Where(r => r.PipelineTag != null).Select(r => r.PipelineTag!)), // the line says so
        new("Library", "library", "", s => s.Library, (s, v) => s with { Library = v }, (_, repos) => repos.Where(r => r.LibraryName != null).Select(r => r.LibraryName!)), // likewise
        new("Format", "format", "", s => s.Format, (s, v) => s with { Format = v }, KnownFormats),
        new("Language", "language", "", s => s.Language, (s, v) => s with { Language = v }, TwoLetters),
        License,
    ];

    private static readonly FacetKind[] Datasets =
    [
        Tagged("Task", "task", "task_categories:", s => s.Task, (s, v) => s with { Task = v }),
        Tagged("Modality", "modality", "modality:", s => s.Modality, (s, v) => s with { Modality = v }),
        Tagged("Size", "size", "size_categories:", s => s.Size, (s, v) => s with { Size = v }),
        Tagged("Format", "format", "format:", s => s.Format, (s, v) => s with { Format = v }),
        Tagged("Language", "language", "language:", s => s.Language, (s, v) => s with { Language = v }),
        License,
    ];

    private static readonly FacetKind[] Spaces =
    [
        new("SDK", "sdk", "", s => s.Sdk, (s, v) => s with { Sdk = v }, KnownSdks),
    ];

    private static FacetKind License => Tagged("Licence", "license", "license:", s => s.License, (s, v) => s with { License = v });

    public static IReadOnlyList<FacetKind> Of(RepoType type) => type switch
    {
        RepoType.Model => Models,
        RepoType.Dataset => Datasets,
        _ => Spaces,
    };

    /// <summary>A value as people read it.</summary>
    public string TextOf(string value) => Key is "task" ? TaskName.Of(value) : value;

    private static FacetKind Tagged(string title, string key, string prefix, Func<ListSearch, string?> chosen, Func<ListSearch, string?, ListSearch> choose) =>
        new(title, key, prefix, chosen, choose, (db, repos) => TagsOf(db, repos).Where(t => EF.Functions.Like(t, prefix.Replace("_", "\\_") + "%", "\\")));

    private static IQueryable<string> KnownFormats(HubDb db, IQueryable<Repo> repos)
    {
        var known = ModelFormats.ToList();
        return TagsOf(db, repos).Where(t => known.Contains(t));
    }

    private static IQueryable<string> KnownSdks(HubDb db, IQueryable<Repo> repos)
    {
        var known = SpaceSdk.Names.ToList();
        return TagsOf(db, repos).Where(t => known.Contains(t));
    }

    // A model's languages stand among its tags without a prefix: ISO 639-1 codes, which have two letters, as one format has.
    private static IQueryable<string> TwoLetters(HubDb db, IQueryable<Repo> repos) => TagsOf(db, repos).Where(t => t.Length == 2 && t != "tf");

    private static IQueryable<string> TagsOf(HubDb db, IQueryable<Repo> repos)
    {
        var ids = repos.Select(r => r.Id);
        return db.Tags.AsNoTracking().Where(t => ids.Contains(t.RepoId)).Select(t => t.Tag);
    }
}

/// <summary>What spaces are written for.</summary>
internal static class SpaceSdk
{
    public static IReadOnlyList<string> Names { get; } = ["gradio", "streamlit", "docker", "static"];
}
