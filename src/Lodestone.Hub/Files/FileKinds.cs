using System.Collections.Frozen;
using System.Text;

namespace Lodestone.Hub;

/// <summary>How files are labelled on the way out.</summary>
internal static class FileKinds
{
    private static readonly FrozenDictionary<string, string> Media = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".png"] = "image/png",
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".gif"] = "image/gif",
        [".webp"] = "image/webp",
        [".svg"] = "image/svg+xml",
        [".mp3"] = "audio/mpeg",
        [".wav"] = "audio/wav",
        [".flac"] = "audio/flac",
        [".ogg"] = "audio/ogg",
        [".mp4"] = "video/mp4",
        [".webm"] = "video/webm",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    // Markup is text here: served as such it would run with our origin's rights. A drawing alone is what it is, because <img> wants that;
    // opened by itself, the header that goes with every file keeps it from running anything (Resolve).
    private static readonly FrozenSet<string> Text = FrozenSet.ToFrozenSet(
        [
            "", ".md", ".txt", ".json", ".jsonl", ".csv", ".tsv", ".yml", ".yaml", ".toml", ".ini", ".cfg", ".py", ".ipynb", ".js", ".mjs", ".ts", ".css", ".html", ".htm",
            ".xml", ".sh", ".c", ".h", ".cpp", ".cu", ".rs", ".go", ".java", ".cs", ".r", ".jinja", ".jinja2", ".gitattributes", ".gitignore", ".tex", ".log",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Text as plain text, media as what they are, everything else as bytes.</summary>
    public static string ContentType(string path)
    {
        var extension = Path.GetExtension(path);
        return Media.GetValueOrDefault(extension) ?? (Text.Contains(extension) ? "text/plain; charset=utf-8" : "application/octet-stream");
    }

    /// <summary>With the name twice, the second time in ASCII and with a closing semicolon: the Python client reads that one.</summary>
    public static string Disposition(string path, bool isAttachment)
    {
        var name = Path.GetFileName(path);
        var ascii = new StringBuilder(name.Length);
        foreach (var c in name)
        {
            ascii.Append(char.IsAscii(c) && !char.IsControl(c) && c is not ('"' or '\\' or ';') ? c : '_');
        }

        return $"{(isAttachment ? "attachment" : "inline")}; filename*=UTF-8''{Uri.EscapeDataString(name)}; filename=\"{ascii}\";";
    }
}
