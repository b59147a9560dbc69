using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>Files that are of use only together, so that to have nine tenths of their bytes is to have downloaded them.</summary>
/// <param name="Name">Unique within the revision.</param>
/// <param name="Files">Path and bytes of each.</param>
internal sealed record WeightSet(string Name, IReadOnlyDictionary<string, long> Files)
{
    public long Size => Files.Values.Sum();
}

/// <summary>
/// The sets of a revision: of a model the parts of one checkpoint, or all weights of one format where it is a pipeline of several
/// models; where there are no weights, as in data sets, each file by itself that is not configuration, and all of them count as one.
/// </summary>
internal sealed partial class WeightSets
{
    private const int MostFiles = 20_000;
    private const string Any = "*";

    private readonly Dictionary<string, WeightSet> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byDigest = new(StringComparer.Ordinal);

    public static WeightSets Of(RepoTree tree)
    {
        var sets = new WeightSets();
        var files = tree.List("", isRecursive: true).Where(f => !f.IsFolder).Take(MostFiles).ToList();
        foreach (var file in files.Where(f => f.Large is not null))
        {
            sets._byDigest.TryAdd(file.Large!.Digest.Hex, file.Path); // filtered in the line above
        }

        var isPipeline = files.Exists(f => f.Path is "model_index.json");
        var weights = files.Where(f => FileClass.Of(f.Path) is FileClass.Weights).GroupBy(f => NameOf(f.Path, isPipeline), StringComparer.Ordinal)
            .Select(g => new WeightSet(g.Key, g.ToDictionary(f => f.Path, f => f.Size, StringComparer.Ordinal))).ToList();
        var single = files.Where(f => weights.Count == 0 && FileClass.Of(f.Path) is FileClass.Data or FileClass.Other)
            .Select(f => new WeightSet(Any, new Dictionary<string, long>(StringComparer.Ordinal) { [f.Path] = f.Size }));
        foreach (var set in weights.Concat(single))
        {
            foreach (var path in set.Files.Keys)
            {
                sets._byPath[path] = set;
            }
        }

        return sets;
    }

    /// <summary>The set that a file belongs to; null when it counts for nothing.</summary>
    public WeightSet? Find(string path) => _byPath.GetValueOrDefault(path);

    /// <summary>Where a large file is.</summary>
    public string? PathOf(string sha256) => _byDigest.GetValueOrDefault(sha256);

    private static string NameOf(string path, bool isPipeline)
    {
        var kind = path.Contains(".fp16.", StringComparison.Ordinal) ? ".fp16" : "";
        return isPipeline ? kind + Path.GetExtension(path) : Part().Replace(path, "");
    }

    [GeneratedRegex(@"-\d{5}-of-\d{5}(?=\.[^./]+$)", RegexOptions.None, matchTimeoutMilliseconds: 100)]
    private static partial Regex Part();
}
