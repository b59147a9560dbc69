using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>
/// What a card says that lists are filtered by without its being a tag: which models and data sets a space uses, its title, which of
/// a model's tags are languages. Kept beside the tags under a prefix that no list shows.
/// </summary>
internal static class CardNames
{
    public const string Prefix = "card:";
    public const string Models = Prefix + "model:";
    public const string Datasets = Prefix + "dataset:";
    public const string Title = Prefix + "title:";
    public const string Language = Prefix + "language:";

    private const int Longest = 200;

    public static IReadOnlyList<string> OfModel(JsonObject? card) => Short(card.Texts("language").Select(l => Language + l));

    /// <summary>Names compare without case, so they are kept lowered.</summary>
    public static IReadOnlyList<string> OfSpace(JsonObject? card) => Short(
        card.Texts("models").Select(Model).Concat(card.Texts("datasets").Select(Dataset)).Concat(card.Text("title") is { } title ? [Title + title.ToLowerInvariant()] : []));

    /// <param name="name"><c>owner/name</c> in any case.</param>
    public static string Model(string name) => Models + name.ToLowerInvariant();

    /// <inheritdoc cref="Model"/>
    public static string Dataset(string name) => Datasets + name.ToLowerInvariant();

    private static string[] Short(IEnumerable<string> names) => [.. names.Where(n => n.Length <= Longest)];
}
