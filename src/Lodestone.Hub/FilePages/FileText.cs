using System.Text;

namespace Lodestone.Hub;

/// <summary>The text of a file that is one.</summary>
internal static class FileText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <returns>Null when the bytes are not UTF-8, or have zeros among them.</returns>
    public static async Task<string?> ReadAsync(RepoContent content, RepoTree tree, RepoEntry file, CancellationToken cancel)
    {
        await using var stream = await content.OpenAsync(tree, file, 0, cancel);
        using var bytes = new MemoryStream((int)Math.Min(file.Size, FileViews.MaxText));
        await stream.CopyToAsync(bytes, cancel);
        var read = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        if (read.Contains((byte)0))
        {
            return null;
        }

        try
        {
            return Strict.GetString(read).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Without their endings; a last line that is empty is none.</summary>
    public static string[] Lines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return lines is [.., ""] ? lines[..^1] : lines;
    }
}
