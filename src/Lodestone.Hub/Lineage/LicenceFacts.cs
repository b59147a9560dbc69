using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>What a licence says, as data. It is no legal advice: each obligation names its clause, and what is unknown is absent.</summary>
/// <param name="Ids">As cards write it.</param>
/// <param name="Osi">Approved by the Open Source Initiative.</param>
/// <param name="Commercial"><c>yes</c>, <c>no</c> or <c>threshold</c>.</param>
/// <param name="MauThreshold">Monthly users above which a licence must be asked for.</param>
/// <param name="PatentGrant">Null: unknown.</param>
/// <param name="Outputs">What may be done with what the model writes, where that is restricted.</param>
/// <param name="Territory">Where it does not hold.</param>
/// <param name="PassesOn">What derivatives are bound to as well: obligation and clause.</param>
internal sealed record LicenceFact(
    IReadOnlyList<string> Ids, string Name, bool Osi, string Commercial, long? MauThreshold, bool? PatentGrant, string? Outputs, string? Territory, IReadOnlyDictionary<string, string> PassesOn)
{
    public string CommercialText => Commercial switch
    {
        "yes" => "Allowed",
        "no" => "Not allowed",
        _ => $"Allowed up to {MauThreshold:N0} monthly users",
    };
}

/// <summary>The licences that are known as data.</summary>
internal sealed class LicenceFacts
{
    private readonly Dictionary<string, LicenceFact> _byId;

    private LicenceFacts(IEnumerable<LicenceFact> facts) => _byId = facts.SelectMany(f => f.Ids, (fact, id) => (id, fact)).ToDictionary(f => f.id, f => f.fact, StringComparer.OrdinalIgnoreCase);

    /// <summary>The set that comes with the server.</summary>
    public static LicenceFacts Shipped()
    {
        using var file = typeof(LicenceFacts).Assembly.GetManifestResourceStream("Lineage/licences.json") ?? throw new InvalidOperationException("The licences are missing from the assembly.");
        return new LicenceFacts(JsonSerializer.Deserialize(file, HubJson.Default.IReadOnlyListLicenceFact) ?? []);
    }

    /// <param name="license">A card's <c>license</c>; where that is <c>other</c>, its <c>license_name</c>.</param>
    public LicenceFact? Find(string? license) => license is null ? null : _byId.GetValueOrDefault(license);

    /// <summary>What a card calls its licence.</summary>
    public static string? NameIn(RepoFacts facts) => facts.CardData.Text("license") is { } license and not "other" ? license : facts.CardData.Text("license_name") ?? facts.CardData.Text("license");

    /// <summary>As people read an obligation.</summary>
    public static string Text(string obligation) => obligation switch
    {
        "notices" => "keep notices and the licence",
        "non-commercial" => "no commercial use",
        "share-alike" => "the same licence",
        "use-restrictions" => "restrictions of use",
        "naming" => "a name that says what it was built with",
        "user-threshold" => "a limit of users",
        _ => "limits on what outputs train",
    };
}
