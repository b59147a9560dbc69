using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Engine.Conversion;

/// <summary>What a token is to a tokenizer. The values are llama.cpp's.</summary>
internal enum TokenKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The tokens of a model by id: as many as it has vectors for, of which those that the tokenizer does not know are unused.</summary>
internal sealed class TokenTable
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly byte[][] _texts;
    private readonly float[] _scores;
    private readonly int[] _kinds;

    /// <param name="model">How words are made of tokens: <c>gpt2</c> by merges of bytes, <c>llama</c> by scores of pieces.</param>
    /// <param name="size">Of the model's vocabulary.</param>
    public TokenTable(string model, int size)
    {
        Model = model;
        _texts = [.. Enumerable.Range(0, size).Select(i => Encoding.UTF8.GetBytes($"[PAD{i}]"))];
        _scores = [.. Enumerable.Repeat(-10_000f, size)];
        _kinds = [.. Enumerable.Repeat((int)TokenKind.Unused, size)];
    }

    public string Model { get; }

    /// <summary>How a text is split into words before that, as llama.cpp names it.</summary>
    public required string Splitting { get; init; }

    /// <summary>A space is put before every text.</summary>
    public bool AddsSpace { get; init; }

    /// <summary>Pairs of tokens that become one, the first to be merged first; empty where scores decide.</summary>
    public IReadOnlyList<string> Merges { get; init; } = [];

    /// <exception cref="EngineFault">The model has no vector for the token.</exception>
    public void Set(int id, string text, TokenKind kind, float score = 0)
    {
        if (id < 0 || id >= _texts.Length)
        {
            throw new EngineFault($"The tokenizer has token {id} ('{text}'), and the model has vectors for {_texts.Length}.");
        }

        (_texts[id], _kinds[id], _scores[id]) = (Encoding.UTF8.GetBytes(text), (int)kind, score);
        _ids[text] = id;
    }

    /// <returns>Null when there is no such token.</returns>
    public int? Find(string? text) => text is not null && _ids.TryGetValue(text, out var id) ? id : null;

    /// <summary>Tokens that were added behind the vocabulary, from <c>tokenizer.json</c>. Those that stand for something are control, also where it forgets to say so.</summary>
    public void Add(JsonArray? added)
    {
        foreach (var token in (added ?? []).OfType<JsonObject>())
        {
            if (token["content"]?.ToString() is { Length: > 0 } text && token["id"] is JsonValue id && id.TryGetValue<int>(out var number))
            {
                Set(number, text, token["special"]?.GetValueKind() is JsonValueKind.True || LooksSpecial(text) ? TokenKind.Control : TokenKind.UserDefined, -1000);
            }
        }
    }

    public void Write(GgufWriter to)
    {
        to.Set("tokenizer.ggml.model", Model);
        to.Set("tokenizer.ggml.pre", Splitting);
        to.Set("tokenizer.ggml.tokens", _texts);
        if (Model is "llama")
        {
            to.Set("tokenizer.ggml.scores", _scores);
            to.Set("tokenizer.ggml.add_space_prefix", AddsSpace);
        }

        to.Set("tokenizer.ggml.token_type", _kinds);
        if (Merges.Count > 0)
        {
            to.Set("tokenizer.ggml.merges", [.. Merges.Select(Encoding.UTF8.GetBytes)]);
        }
    }

    private static bool LooksSpecial(string text) =>
        (text.StartsWith("<|", StringComparison.Ordinal) && text.EndsWith("|>", StringComparison.Ordinal)) || text is "<pad>" or "<mask>";
}
