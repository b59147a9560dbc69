namespace Lodestone.Gateway;

/// <summary>
/// The tokens of a remote answer. What the back-end counted is believed if it can be: a token has at least a byte, and is not charged
/// beyond what was reserved. Otherwise, and until it says, a token is taken for four bytes, which is less than there are.
/// </summary>
/// <param name="promptBytes">Of the prompt as JSON.</param>
/// <param name="size">What was reserved.</param>
internal sealed class RemoteCount(long promptBytes, CallSize size)
{
    private const int BytesPerToken = 4;

    // Tokens that make no text: the end of an answer, marks around a tool call.
    private const long Silent = 64;

    private long _bytes;
    private long _prompt = Math.Min(Math.Max(promptBytes / BytesPerToken, 1), size.Prompt);
    private long _output;

    /// <summary>The back-end's own count is what counts.</summary>
    public bool IsCountedThere { get; private set; }

    /// <summary>The same event with the tokens so far.</summary>
    public EngineEvent Count(EngineEvent made)
    {
        _bytes += made.OutputBytes;
        if (made.HasUsage && CanBe(made))
        {
            IsCountedThere = true;
            (_prompt, _output) = (Math.Min(made.PromptTokens, size.Prompt), Math.Min(made.CompletionTokens, size.MaxOutputOfAll));
        }
        else if (!IsCountedThere && _bytes > 0)
        {
            _output = Math.Min(Math.Max(_bytes / BytesPerToken, 1), size.MaxOutputOfAll);
        }

        return made.With(_prompt, _output);
    }

    private bool CanBe(EngineEvent made) =>
        made.PromptTokens > 0 && made.CompletionTokens >= (_bytes > 0 ? 1 : 0) && made.CompletionTokens - made.ReasoningTokens <= _bytes + Silent;
}
