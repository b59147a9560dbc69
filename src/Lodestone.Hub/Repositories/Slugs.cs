using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Names in addresses that say a title and end in an id. They change with the title; the id alone counts.</summary>
internal static class Slugs
{
    private const int Longest = 60;
    private const int IdDigits = 24;

    /// <param name="title">Of which letters and digits stay, in lower case.</param>
    /// <param name="otherwise">Where none does.</param>
    public static string Of(string title, Guid id, string otherwise)
    {
        var slug = new StringBuilder(title.Length);
        foreach (var letter in title.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                slug.Append(letter);
            }
            else if (slug.Length > 0 && slug[^1] != '-')
            {
                slug.Append('-');
            }
        }

        var text = slug.ToString(0, Math.Min(slug.Length, Longest)).Trim('-');
        return $"{(text.Length == 0 ? otherwise : text)}-{PublicId.ToHub(id)}";
    }

    /// <summary>The id in any slug that something has had, or in the id alone; <see cref="Guid.Empty"/>, which nothing has, where there is none.</summary>
    public static Guid IdOf(string slug) => slug.Length >= IdDigits && PublicId.TryParseHub(slug[^IdDigits..], out var id) ? id : Guid.Empty;
}
