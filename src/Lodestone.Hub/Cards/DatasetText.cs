using System.Text;

namespace Lodestone.Hub;

/// <summary>What a data set's README says in words, for lists.</summary>
internal static class DatasetText
{
    private const int DescriptionLength = 500;
    private const int CitationLength = 10_000;

    /// <summary>The beginning of the text, spaces and line ends as one space each; null when there is none.</summary>
    public static string? Description(string? body)
    {
        var text = new StringBuilder();
        foreach (var word in (body ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            if (text.Length + word.Length >= DescriptionLength)
            {
                text.Append(" …");
                break;
            }

            text.Append(text.Length > 0 ? " " : "").Append(word);
        }

        return text.Length > 0 ? CardValues.Clean(text.ToString()) : null;
    }

    /// <summary>The first fenced block of BibTeX; null when there is none.</summary>
    public static string? Citation(string? body)
    {
        const string Fence = "```";
        const string Opening = Fence + "bibtex";
        var start = body?.IndexOf(Opening, StringComparison.OrdinalIgnoreCase) ?? -1;
        if (start < 0)
        {
            return null;
        }

        var rest = body!.AsSpan(start + Opening.Length); // it has an opening
        var end = rest.IndexOf(Fence);
        return end is > 0 and <= CitationLength ? CardValues.Clean(rest[..end].Trim().ToString()) : null;
    }
}
