using System.Collections.Frozen;

namespace Lodestone.Hub;

/// <summary>What the names of a data set's files say: their format, what they hold, and which libraries load them.</summary>
internal static class DatasetFormats
{
    private static readonly FrozenDictionary<string, Kind> Kinds = new (string[] Extensions, Kind Kind)[]
    {
        ([".parquet"], new("parquet", null)),
        ([".csv", ".tsv"], new("csv", "tabular")),
        ([".json", ".jsonl", ".ndjson"], new("json", null)),
        ([".arrow"], new("arrow", null)),
        ([".txt"], new("text", "text")),
        ([".tar"], new("webdataset", null)),
        ([".pdf"], new("pdffolder", "document")),
        ([".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tiff"], new("imagefolder", "image")),
        ([".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a"], new("audiofolder", "audio")),
        ([".mp4", ".webm", ".mkv", ".mov", ".avi"], new("videofolder", "video")),
    }.SelectMany(k => k.Extensions.Select(e => KeyValuePair.Create(e, k.Kind))).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Tables = ["parquet", "csv", "json"];

    // Written beside the data by the libraries themselves.
    private static readonly string[] NotData = ["dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "requirements.txt", "LICENSE.txt"];

    public static bool Matters(string path) => KindOf(path) is not null;

    /// <summary>By the format that most files have; what they hold by all of them.</summary>
    public static IReadOnlyList<string> Tags(IEnumerable<string> paths)
    {
        var kinds = paths.Select(KindOf).OfType<Kind>().GroupBy(k => k).OrderByDescending(g => g.Count()).ThenBy(g => g.Key.Format, StringComparer.Ordinal).Select(g => g.Key).ToList();
        return kinds is [var most, ..]
            ? [$"format:{most.Format}", .. kinds.Select(k => k.Modality).OfType<string>().Order(StringComparer.Ordinal).Select(m => $"modality:{m}"), .. Libraries(most.Format).Select(l => $"library:{l}")]
            : [];
    }

    private static Kind? KindOf(string path)
    {
        var name = Path.GetFileName(path);
        return name.StartsWith('.') || NotData.Contains(name, StringComparer.Ordinal) ? null : Kinds.GetValueOrDefault(Path.GetExtension(name));
    }

    private static string[] Libraries(string format)
    {
        if (Tables.Contains(format, StringComparer.Ordinal))
        {
            return ["datasets", "pandas", "polars", "mlcroissant"];
        }

        return format is "webdataset" ? ["datasets", "webdataset", "mlcroissant"] : ["datasets", "mlcroissant"];
    }

    private sealed record Kind(string Format, string? Modality);
}
