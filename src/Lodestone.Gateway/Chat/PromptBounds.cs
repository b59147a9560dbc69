using System.Collections.Concurrent;

namespace Lodestone.Gateway;

/// <summary>
/// How many tokens a short prompt can have at most, without asking the engine: a token has a byte or more, so the messages'
/// JSON has at least as many bytes as their text has tokens. What a model's template adds is learnt from prompts that had more.
/// The engine refuses a prompt above the bound it is given, so a bound may be wrong but never unpaid.
/// </summary>
/// <param name="overhead">Tokens that a template is first taken to add.</param>
internal sealed class PromptBounds(long overhead)
{
    // Counting is a fraction of the time that a longer prompt takes, and its bound would set aside too much.
    private const int MostBytes = 4096;

    private readonly ConcurrentDictionary<string, long> _overheads = new(StringComparer.Ordinal);

    /// <summary><see langword="null"/>: count the prompt.</summary>
    public long? Find(string model, int bytes) =>
        bytes <= MostBytes ? Math.Max(bytes + _overheads.GetValueOrDefault(model, overhead), 1) : null;

    /// <summary>A prompt was counted.</summary>
    public void Learn(string model, int bytes, long tokens)
    {
        if (tokens - bytes > _overheads.GetValueOrDefault(model, overhead))
        {
            _overheads[model] = tokens - bytes;
        }
    }
}
