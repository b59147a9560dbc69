namespace Lodestone.Hub;

/// <summary>Where a request comes from, as the database of network addresses has it.</summary>
/// <param name="Country">Two letters (ISO 3166-1); null: unknown.</param>
/// <param name="Regions">As in <c>US-CA</c> (ISO 3166-2), the widest first; none where the database has countries only.</param>
internal sealed record Origin(string? Country, IReadOnlyList<string> Regions, bool IsInEu)
{
    /// <summary>The narrowest place that is known.</summary>
    public string? Place => Regions is [.., var last] ? last : Country;

    public string Words => Country is { } code ? $"{Countries.NameOf(code)} ({Place})" : "an unknown place";

    /// <summary>A record of the database. Where it knows no country, the one counts in which the address is registered.</summary>
    public static Origin? Of(Dictionary<string, object>? record)
    {
        if (record is null)
        {
            return null;
        }

        var country = Read(record, "country") ?? Read(record, "registered_country");
        if (Code(country) is not { } code)
        {
            return null;
        }

        var regions = record.GetValueOrDefault("subdivisions") is List<object> found
            ? found.OfType<Dictionary<string, object>>().Select(Code).OfType<string>().Select(r => $"{code}-{r}")
            : [];
        return new Origin(code, [.. regions], Countries.IsInEu(code) || country!.GetValueOrDefault("is_in_european_union") is true); // it has a code
    }

    private static Dictionary<string, object>? Read(Dictionary<string, object> record, string name) =>
        record.GetValueOrDefault(name) is Dictionary<string, object> place && place.ContainsKey("iso_code") ? place : null;

    private static string? Code(Dictionary<string, object>? place) => (place?.GetValueOrDefault("iso_code") as string)?.ToUpperInvariant();
}
