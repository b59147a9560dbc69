namespace Lodestone.Billing;

/// <summary>What one charge model is for: a class of a product, everywhere or in one region, in every tier of service or in one.</summary>
internal sealed record PriceKey(string Class, string? Region, string? Tier, ChargeModel Charge)
{
    /// <summary>How narrow the key is; the narrowest that fits counts.</summary>
    public int Narrowness => (Region is null ? 0 : 2) + (Tier is null ? 0 : 1);

    public bool Fits(string usageClass, IReadOnlyDictionary<string, string> dimensions) =>
        Class == usageClass
        && (Region is null || Region == dimensions.GetValueOrDefault("region"))
        && (Tier is null || Tier == dimensions.GetValueOrDefault("tier"));
}

/// <summary>
/// The name under which a use is totalled and rated: its class, and what chose its price. <c>input</c>, <c>input@eu+batch</c>,
/// <c>image_out[1024,hd]</c>; <c>:rerated</c> follows where a crossed bound changed the price of what came before, and
/// <c>:free</c> where an allowance bore it.
/// </summary>
internal sealed record PriceLine(string Class, string? Region = null, string? Tier = null, string? Cell = null)
{
    public const string Rerated = ":rerated";
    public const string Free = ":free";

    private const int MostWord = 64;

    /// <summary>Whether the text can stand in a line: letters, digits, points, dashes, underscores.</summary>
    public static bool IsWord(string? text) =>
        text is { Length: > 0 and <= MostWord } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>Nothing but the class chose the price.</summary>
    public bool IsPlain => (Region, Tier, Cell) is (null, null, null);

    public static PriceLine Parse(string text)
    {
        var rest = WithoutSuffix(text);
        var (before, cell) = Cut(rest.TrimEnd(']'), '[');
        var (left, tier) = Cut(before, '+');
        var (name, region) = Cut(left, '@');
        return new PriceLine(name, region, tier, cell);
    }

    /// <summary>The total that a row belongs to: that of what it re-rates, and its own where an allowance bore it.</summary>
    public static string TotalOf(string rowClass) => rowClass.EndsWith(Rerated, StringComparison.Ordinal) ? rowClass[..^Rerated.Length] : rowClass;

    public override string ToString() => $"{Class}{(Region is null ? "" : $"@{Region}")}{(Tier is null ? "" : $"+{Tier}")}{(Cell is null ? "" : $"[{Cell}]")}";

    private static string WithoutSuffix(string text) => text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var at ? text[..at] : text;

    private static (string Left, string? Right) Cut(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var found ? (text[..found], text[(found + 1)..]) : (text, null);
}
