namespace Lodestone.Hub;

/// <summary>An obligation that a model has from what it was made of, and that its own licence does not speak of.</summary>
/// <param name="Ancestor">Whose licence has it.</param>
/// <param name="Clause">Where that licence says so.</param>
internal sealed record LicenceFinding(LineageNode Ancestor, string License, string Obligation, string Clause);

/// <summary>Compares what a model's licence says with the obligations of everything that it was made from.</summary>
internal static class Propagation
{
    /// <summary>Obligations that cannot both be kept in one model.</summary>
    private static readonly (string One, string Other)[] AtOdds = [("share-alike", "naming"), ("share-alike", "non-commercial"), ("share-alike", "use-restrictions")];

    public static IReadOnlyList<LicenceFinding> Of(LineageGraph graph, string? license, LicenceFacts licences)
    {
        var own = licences.Find(license);
        return [.. Inherited(graph, licences).Where(f => own?.PassesOn.ContainsKey(f.Obligation) is not true && (own is not null || license is null || f.Obligation is not "notices"))];
    }

    /// <summary>Obligations of two ancestors that contradict each other.</summary>
    public static IReadOnlyList<(LicenceFinding One, LicenceFinding Other)> Conflicts(LineageGraph graph, LicenceFacts licences)
    {
        var inherited = Inherited(graph, licences).ToList();
        return [.. AtOdds.SelectMany(pair => inherited.Where(f => f.Obligation == pair.One)
            .SelectMany(one => inherited.Where(f => f.Obligation == pair.Other && f.License != one.License).Select(other => (one, other)))).Take(5)];
    }

    private static IEnumerable<LicenceFinding> Inherited(LineageGraph graph, LicenceFacts licences) =>
        from line in graph.Above
        where Relations.OfModels.Contains(line.Relation)
        let license = line.Parent.License
        let fact = licences.Find(license)
        where fact is not null
        from passed in fact.PassesOn
        group passed by (line.Parent, license, passed.Key, passed.Value) into one
        select new LicenceFinding(one.Key.Parent, one.Key.license, one.Key.Key, one.Key.Value);
}
