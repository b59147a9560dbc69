using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>The pictures of one notebook, as addresses that hold them: a browser runs nothing in an image, nor fetches anything for it.</summary>
internal sealed class NotebookImages
{
    private const int MostBase64 = 6 * 1024 * 1024; // characters, of all together

    // What files of the kind begin with, so that a picture is what it says.
    private static readonly (string Type, string Begin)[] Rasters =
    [
        ("image/png", "iVBORw0KGgo"),
        ("image/jpeg", "/9j/"),
        ("image/gif", "R0lGODdh"),
        ("image/gif", "R0lGODlh"),
    ];

    private int _left = MostBase64;

    /// <returns>Null where the output has no picture.</returns>
    public NotebookOutput? Find(JsonElement data)
    {
        foreach (var (type, begin) in Rasters)
        {
            if (data.Text(type) is { } given && Compact(given) is { } base64 && base64.StartsWith(begin, StringComparison.Ordinal))
            {
                return Image(type, base64);
            }
        }

        return data.Text("image/svg+xml") is { } drawing ? Image("image/svg+xml", Convert.ToBase64String(Encoding.UTF8.GetBytes(drawing))) : null;
    }

    private NotebookOutput Image(string type, string base64)
    {
        if (base64.Length > _left)
        {
            return new NotebookOutput(NotebookOutputKind.Omitted, "A picture that would make this page too large. Download the notebook to see it.");
        }

        _left -= base64.Length;
        return new NotebookOutput(NotebookOutputKind.Image, $"data:{type};base64,{base64}");
    }

    private static string? Compact(string given)
    {
        var base64 = given.AsSpan().ContainsAny(" \n\r\t") ? string.Concat(given.Where(c => c is not (' ' or '\n' or '\r' or '\t'))) : given;
        return Base64.IsValid(base64) ? base64 : null;
    }
}
