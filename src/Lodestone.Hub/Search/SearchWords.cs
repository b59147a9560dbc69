using System.Text;

namespace Lodestone.Hub;

/// <summary>Text as the words that full-text search knows: runs of letters and digits in lower case, on both databases the same.</summary>
internal static class SearchWords
{
    private const int Longest = 40;
    private const int MostAsked = 12;

    /// <summary>Each word once, at most <paramref name="most"/>.</summary>
    public static IReadOnlyCollection<string> Of(string text, int most)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (var c in text)
        {
            if (char.IsLetterOrDigit(c))
            {
                word.Append(char.ToLowerInvariant(c));
                continue;
            }

            Take();
            if (words.Count >= most)
            {
                return words;
            }
        }

        Take();
        return words;

        void Take()
        {
            if (word.Length is > 0 and <= Longest)
            {
                words.Add(word.ToString());
            }

            word.Clear();
        }
    }

    /// <summary>The words that somebody asks for; empty when the text has none.</summary>
    public static IReadOnlyList<string> Asked(IEnumerable<string> terms) => [.. Of(string.Join(' ', terms), MostAsked)];
}
