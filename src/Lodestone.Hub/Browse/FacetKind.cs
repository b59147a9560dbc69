using System.Collections.Frozen;

namespace Lodestone.Hub;

/// <summary>A way to narrow a list: by one value of one property that repositories of the type have.</summary>
/// <param name="Title">As people read it.</param>
/// <param name="Key">As in the address.</param>
/// <param name="Prefix">What stands before the value among what the catalogue has of a repository.</param>
/// <param name="Chosen">The value that a search narrows by; null when by none.</param>
/// <param name="Choose">The search with another value, or with none.</param>
internal sealed record FacetKind(string Title, string Key, string Prefix, Func<ListSearch, string?> Chosen, Func<ListSearch, string?, ListSearch> Choose)
{
    /// <summary>Begins what the catalogue alone adds to a repository's tags, which no card can write.</summary>
    private const string Added = "\0";

    public const string TaskPrefix = Added + "task:";
    public const string LibraryPrefix = Added + "library:";
    public const string FormatPrefix = Added + "format:";
    public const string SdkPrefix = Added + "sdk:";
    public const string BasePrefix = Added + "base:";
    public const string Served = Added + "is:served";
    public const string Evaluated = Added + "is:evaluated";
    public const string Gated = Added + "is:gated";

    /// <summary>Tags that name a format of model files.</summary>
    public static readonly FrozenSet<string> ModelFormats = FrozenSet.ToFrozenSet(["safetensors", "gguf", "onnx", "pytorch", "tf", "jax"], StringComparer.Ordinal);

    private static readonly FacetKind Use = new("Use", "is", Added + "is:", s => s.Is, (s, v) => s with { Is = v });
    private static readonly FacetKind License = new("Licence", "license", "license:", s => s.License, (s, v) => s with { License = v });

    private static readonly FacetKind[] Models =
    [
        Use,
        new("Task", "task", TaskPrefix, s => s.Task, (s, v) => s with { Task = v }),
        new("Library", "library", LibraryPrefix, s => s.Library, (s, v) => s with { Library = v }),
        new("Format", "format", FormatPrefix, s => s.Format, (s, v) => s with { Format = v }),
        new("Language", "language", CardNames.Language, s => s.Language, (s, v) => s with { Language = v }),
        License,
        new("Data set", "dataset", "dataset:", s => s.Dataset, (s, v) => s with { Dataset = v }),
        new("Base model", "base", BasePrefix, s => s.Base, (s, v) => s with { Base = v }),
    ];

    private static readonly FacetKind[] Datasets =
    [
        new("Task", "task", "task_categories:", s => s.Task, (s, v) => s with { Task = v }),
        new("Modality", "modality", "modality:", s => s.Modality, (s, v) => s with { Modality = v }),
        new("Size", "size", "size_categories:", s => s.Size, (s, v) => s with { Size = v }),
        new("Format", "format", "format:", s => s.Format, (s, v) => s with { Format = v }),
        new("Language", "language", "language:", s => s.Language, (s, v) => s with { Language = v }),
        License,
    ];

    private static readonly FacetKind[] Spaces = [new("SDK", "sdk", SdkPrefix, s => s.Sdk, (s, v) => s with { Sdk = v })];

    /// <summary>The prefixes of all kinds, each once.</summary>
    public static string[] Prefixes { get; } = [.. Models.Concat(Datasets).Concat(Spaces).Select(k => k.Prefix).Distinct(StringComparer.Ordinal)];

    public static IReadOnlyList<FacetKind> Of(RepoType type) => type switch
    {
        RepoType.Model => Models,
        RepoType.Dataset => Datasets,
        _ => Spaces,
    };

    /// <summary>Which of <see cref="Prefixes"/> a tag begins with; -1 for none.</summary>
    public static int PrefixOf(string tag) => Array.FindIndex(Prefixes, p => tag.StartsWith(p, StringComparison.Ordinal));

    /// <summary>What the catalogue adds to the tags of a repository.</summary>
    public static IEnumerable<string> AddedTo(Repo repo, IReadOnlyCollection<string> tags)
    {
        var formats = repo.Type is RepoType.Model ? tags.Where(ModelFormats.Contains).Select(t => FormatPrefix + t) : [];
        var sdks = repo.Type is RepoType.Space ? tags.Where(SpaceSdk.Names.Contains).Select(t => SdkPrefix + t) : [];
        var bases = tags.Where(t => t.StartsWith("base_model:", StringComparison.Ordinal) && t.Split(':').Length == 2).Select(t => BasePrefix + t["base_model:".Length..]);
        var said = new[]
        {
            repo.PipelineTag is { } task ? TaskPrefix + task : null,
            repo.LibraryName is { } library ? LibraryPrefix + library : null,
            repo.IsServable ? Served : null,
            tags.Contains("model-index") ? Evaluated : null,
            repo.Gate is not null ? Gated : null,
        };
        return [.. formats, .. sdks, .. bases, .. said.OfType<string>()];
    }

    /// <summary>A value as people read it.</summary>
    public string TextOf(string value) => Key switch
    {
        "task" => TaskName.Of(value),
        "is" => value switch { "served" => "Served here", "gated" => "Asks for access", _ => "Evaluated" },
        _ => value,
    };
}

/// <summary>What spaces are written for.</summary>
internal static class SpaceSdk
{
    public static IReadOnlyList<string> Names { get; } = ["gradio", "streamlit", "docker", "static"];
}
