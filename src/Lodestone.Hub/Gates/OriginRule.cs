using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>From where a gate lets nobody in.</summary>
/// <param name="Countries">As in <c>DE</c>.</param>
/// <param name="Regions">As in <c>US-CA</c>.</param>
/// <param name="Eu">Nor from the European Union.</param>
internal sealed record OriginRule(IReadOnlyList<string> Countries, IReadOnlyList<string> Regions, bool Eu)
{
    private const int Most = 300;

    private bool IsEmpty => Countries.Count == 0 && Regions.Count == 0 && !Eu;

    /// <returns>Null: people from everywhere may ask.</returns>
    public static OriginRule? Of(Repo repo) => repo.GateOrigins is { } text ? JsonSerializer.Deserialize(text, HubJson.Default.OriginRule) : null;

    /// <returns>Null: no places are named.</returns>
    /// <exception cref="Refusal"><c>unprocessable</c>: something is no place.</exception>
    public static OriginRule? Of(NewGate wanted)
    {
        var rule = new OriginRule(
            Checked(wanted.BlockedCountries, "blockedCountries", text => Hub.Countries.Find(text), "a country by its two letters, as in FR (ISO 3166-1)"),
            Checked(wanted.BlockedRegions, "blockedRegions", FindRegion, "a region as in US-CA (ISO 3166-2)"),
            wanted.EuDisallowed);
        return rule.IsEmpty ? null : rule;
    }

    public string ToJson() => JsonSerializer.Serialize(this, HubJson.Default.OriginRule);

    /// <summary>Who comes from an unknown place is kept out; so is who comes from an unknown part of a country of which a part is named.</summary>
    public OriginVerdict Judge(Origin? origin)
    {
        if (origin?.Country is not { } country)
        {
            return OriginVerdict.Unknown;
        }

        if (Countries.Contains(country) || (Eu && origin.IsInEu) || origin.Regions.Any(Regions.Contains))
        {
            return OriginVerdict.Blocked;
        }

        return origin.Regions.Count == 0 && Regions.Any(r => r.StartsWith($"{country}-", StringComparison.Ordinal)) ? OriginVerdict.Unknown : OriginVerdict.Allowed;
    }

    private static string[] Checked(IReadOnlyList<string>? sent, string param, Func<string, string?> find, string rule)
    {
        if (sent?.Count > Most)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"\"{param}\" must be at most {Most} places.") { Param = param };
        }

        return [.. (sent ?? []).Select(text => find((text ?? "").Trim()) ?? throw new Refusal(RefusalCode.Unprocessable, $"\"{param}\" has \"{text}\", which is not {rule}.") { Param = param })
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>One to three letters or digits behind a country that there is: which of them are in use changes every year.</summary>
    private static string? FindRegion(string text) =>
        text is { Length: >= 4 and <= 6 } && text[2] is '-' && text[3..].All(char.IsAsciiLetterOrDigit) && Hub.Countries.Find(text[..2]) is not null ? text.ToUpperInvariant() : null;
}

/// <summary>What a gate says to where a request comes from.</summary>
internal enum OriginVerdict
{
    Allowed,

    Blocked,

    /// <summary>The server cannot tell where it comes from.</summary>
    Unknown,
}

internal static class OriginWords
{
    public static string ToWire(this OriginVerdict verdict) => verdict is OriginVerdict.Blocked ? "blocked" : verdict is OriginVerdict.Unknown ? "unknown" : "allowed";
}
