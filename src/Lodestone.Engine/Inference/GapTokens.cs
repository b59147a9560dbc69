namespace Lodestone.Engine.Inference;

/// <summary>The tokens by which a model that was trained to fill gaps is asked to.</summary>
/// <param name="Prefix">Stands before what comes before the gap.</param>
/// <param name="Suffix">Stands before what comes after it.</param>
/// <param name="Middle">Stands where the model begins to write.</param>
internal sealed record GapTokens(int Prefix, int Suffix, int Middle)
{
    /// <summary>The prompt that asks for what is missing between two texts.</summary>
    public IEnumerable<int> Around(Vocabulary vocabulary, string before, string after) =>
        [.. vocabulary.Beginning, Prefix, .. vocabulary.Tokenize(before), Suffix, .. vocabulary.Tokenize(after), Middle];
}
