using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Lodestone.Billing;

/// <summary>
/// Whether a tax id can be one: the form and check digits of the EU's VAT numbers, and of those of GB, CH, AU and IN. That somebody has it
/// is known to registries only. Sources: the European Commission's VIES FAQ for the forms; the national offices' rules for the digits.
/// </summary>
internal static partial class TaxIds
{
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static readonly FrozenDictionary<string, (string Prefix, string Form, Func<string, bool> Fits)> Known = new Dictionary<string, (string, string, Func<string, bool>)>(StringComparer.Ordinal)
    {
        ["AT"] = ("AT", @"^U\d{8}$", id => (10 - ((Luhn(id[1..8]) + 4) % 10)) % 10 == Digit(id[8])),
        ["BE"] = ("BE", @"^[01]\d{9}$", id => 97 - (Number(id[..8]) % 97) == Number(id[8..])),
        ["BG"] = ("BG", @"^\d{9,10}$", _ => true),
        ["CY"] = ("CY", @"^\d{8}[A-Z]$", IsCyprus),
        ["CZ"] = ("CZ", @"^\d{8,10}$", id => id.Length != 8 || IsCzech(id)),
        ["DE"] = ("DE", @"^[1-9]\d{8}$", IsMod11Mod10),
        ["DK"] = ("DK", @"^[1-9]\d{7}$", id => Weighted(id, 2, 7, 6, 5, 4, 3, 2, 1) % 11 == 0),
        ["EE"] = ("EE", @"^\d{9}$", id => Weighted(id, 3, 7, 1, 3, 7, 1, 3, 7, 1) % 10 == 0),
        ["ES"] = ("ES", @"^[A-Z0-9]\d{7}[A-Z0-9]$", IsSpain),
        ["FI"] = ("FI", @"^\d{8}$", id => Weighted(id, 7, 9, 10, 5, 8, 4, 2, 1) % 11 == 0),
        ["FR"] = ("FR", @"^[A-Z0-9]{2}\d{9}$", IsFrance),
        ["GR"] = ("EL", @"^\d{9}$", id => Weighted(id[..8], 256, 128, 64, 32, 16, 8, 4, 2) % 11 % 10 == Digit(id[8])),
        ["HR"] = ("HR", @"^\d{11}$", IsMod11Mod10),
        ["HU"] = ("HU", @"^\d{8}$", id => Weighted(id, 9, 7, 3, 1, 9, 7, 3, 1) % 10 == 0),
        ["IE"] = ("IE", @"^(\d{7}[A-W][A-I]?|\d[A-Z+*]\d{5}[A-W])$", IsIreland),
        ["IT"] = ("IT", @"^\d{11}$", id => Luhn(id) % 10 == 0),
        ["LT"] = ("LT", @"^(\d{9}|\d{12})$", IsLithuania),
        ["LU"] = ("LU", @"^\d{8}$", id => Number(id[..6]) % 89 == Number(id[6..])),
        ["LV"] = ("LV", @"^\d{11}$", id => id[0] <= '3' || Weighted(id, 9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1) % 11 == 3),
        ["MT"] = ("MT", @"^[1-9]\d{7}$", id => Weighted(id, 3, 4, 6, 7, 8, 9, 10, 1) % 37 == 0),
        ["NL"] = ("NL", @"^\d{9}B\d{2}$", IsNetherlands),
        ["PL"] = ("PL", @"^\d{10}$", id => Weighted(id[..9], 6, 5, 7, 2, 3, 4, 5, 6, 7) % 11 == Digit(id[9])),
        ["PT"] = ("PT", @"^[1-9]\d{8}$", id => (11 - (Weighted(id[..8], 9, 8, 7, 6, 5, 4, 3, 2) % 11)) % 11 % 10 == Digit(id[8])),
        ["RO"] = ("RO", @"^[1-9]\d{1,9}$", id => Weighted(id[..^1].PadLeft(9, '0'), 7, 5, 3, 2, 1, 7, 5, 3, 2) * 10 % 11 % 10 == Digit(id[^1])),
        ["SE"] = ("SE", @"^\d{10}01$", id => Luhn(id[..10]) % 10 == 0),
        ["SI"] = ("SI", @"^[1-9]\d{7}$", id => (11 - (Weighted(id[..7], 8, 7, 6, 5, 4, 3, 2) % 11)) % 10 == Digit(id[7])),
        ["SK"] = ("SK", @"^[1-9]\d[2-47-9]\d{7}$", id => Number(id) % 11 == 0),
        ["GB"] = ("GB", @"^(\d{9}|\d{12})$", id => (Weighted(id[..9], 8, 7, 6, 5, 4, 3, 2, 10, 1) % 97) is 0 or 42),
        ["CH"] = ("CHE", @"^\d{9}(MWST|TVA|IVA)?$", id => (11 - (Weighted(id[..8], 5, 4, 3, 2, 7, 6, 5, 4) % 11)) % 11 == Digit(id[8])),
        ["AU"] = ("", @"^[1-9]\d{10}$", id => Weighted($"{Digit(id[0]) - 1}{id[1..]}", 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19) % 89 == 0),
        ["IN"] = ("", @"^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$", IsIndia),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Without spaces, points, dashes and slashes, in capitals.</summary>
    public static string Normalize(string text) => Ornament().Replace(text, "").ToUpperInvariant();

    /// <summary>Of countries that are not known here, anything of a sane length.</summary>
    /// <param name="country">ISO 3166-1, two capital letters.</param>
    /// <param name="taxId">As <see cref="Normalize"/> makes it, with or without its country's prefix.</param>
    public static bool IsValid(string country, string taxId)
    {
        if (!Known.TryGetValue(country, out var rule))
        {
            return country.Length == 2 && taxId.Length is >= 4 and <= 20 && taxId.All(char.IsAsciiLetterOrDigit);
        }

        var id = rule.Prefix.Length > 0 && taxId.StartsWith(rule.Prefix, StringComparison.Ordinal) ? taxId[rule.Prefix.Length..] : taxId;
        return Regex.IsMatch(id, rule.Form, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) && rule.Fits(id);
    }

    private static int Digit(char digit) => digit - '0';

    private static long Number(string digits) => long.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);

    private static int Weighted(string digits, params ReadOnlySpan<int> weights)
    {
        var sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += Digit(digits[i]) * weights[i];
        }

        return sum;
    }

    /// <summary>The sum of Luhn's rule over digits whose last is the check digit, or over seven digits before one.</summary>
    private static int Luhn(string digits)
    {
        var (sum, isEven) = (0, digits.Length % 2 == 0);
        foreach (var digit in digits.Select(Digit))
        {
            sum += !isEven ? digit : digit * 2 > 9 ? (digit * 2) - 9 : digit * 2;
            isEven = !isEven;
        }

        return sum;
    }

    // ISO 7064, MOD 11,10.
    private static bool IsMod11Mod10(string id)
    {
        var product = 10;
        foreach (var digit in id[..^1].Select(Digit))
        {
            var sum = (digit + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }

        return (11 - product) % 10 == Digit(id[^1]);
    }

    private static bool IsCyprus(string id)
    {
        int[] odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
        var sum = id[..8].Select((c, at) => at % 2 == 0 ? odd[Digit(c)] : Digit(c)).Sum();
        return (char)('A' + (sum % 26)) == id[8];
    }

    private static bool IsCzech(string id) => (11 - (Weighted(id[..7], 8, 7, 6, 5, 4, 3, 2) % 11)) is var check && (check == 10 ? 0 : check == 11 ? 1 : check) == Digit(id[7]);

    private static bool IsSpain(string id)
    {
        const string OfPeople = "TRWAGMYFPDXBNJZSQVHLCKE";
        if (char.IsAsciiDigit(id[0]) || id[0] is 'X' or 'Y' or 'Z')
        {
            var digits = (char.IsAsciiDigit(id[0]) ? id[..1] : ((char)('0' + (id[0] - 'X'))).ToString()) + id[1..8];
            return OfPeople[(int)(Number(digits) % OfPeople.Length)] == id[8];
        }

        var check = (10 - (Luhn(id[1..8] + '0') % 10)) % 10;
        return id[8] == (char)('0' + check) || id[8] == "JABCDEFGHI"[check];
    }

    private static bool IsFrance(string id)
    {
        if (!char.IsAsciiDigit(id[0]) || !char.IsAsciiDigit(id[1]))
        {
            return true; // the newer keys with letters have no published rule of their own
        }

        return (Luhn(id[2..]) % 10 == 0 || id[2..].StartsWith("356000000", StringComparison.Ordinal)) && Number(id[2..] + "12") % 97 == Number(id[..2]);
    }

    private static bool IsIreland(string id)
    {
        if (!char.IsAsciiDigit(id[1]))
        {
            id = $"0{id[2..7]}{id[0]}{id[7]}"; // the old form
        }

        var sum = Weighted(id[..7], 8, 7, 6, 5, 4, 3, 2) + (id.Length == 9 ? (id[8] - 'A' + 1) * 9 : 0);
        return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] == id[7];
    }

    private static bool IsLithuania(string id)
    {
        int Check(int start) => id[..^1].Select((c, at) => Digit(c) * (1 + ((at + start) % 9))).Sum() % 11;
        var first = Check(0);
        return (first == 10 ? Check(2) % 10 : first) == Digit(id[^1]);
    }

    private static bool IsNetherlands(string id)
    {
        var isCompany = Weighted(id[..8], 9, 8, 7, 6, 5, 4, 3, 2) % 11 == Digit(id[8]);
        var text = string.Concat($"NL{id}".Select(c => Letters.IndexOf(c, StringComparison.Ordinal)));
        return isCompany || System.Numerics.BigInteger.Parse(text, System.Globalization.CultureInfo.InvariantCulture) % 97 == 1; // sole traders
    }

    private static bool IsIndia(string id)
    {
        var sum = id[..14].Select((c, at) => Letters.IndexOf(c, StringComparison.Ordinal) * (at % 2 == 0 ? 1 : 2)).Sum(v => (v / 36) + (v % 36));
        return Letters[(36 - (sum % 36)) % 36] == id[14];
    }

    [GeneratedRegex(@"[\s./\-]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ornament();
}
