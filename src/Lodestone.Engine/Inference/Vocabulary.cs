using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Lodestone.Engine.Native;
using Lodestone.Engine.Templates;

namespace Lodestone.Engine.Inference;

/// <summary>A model's tokens: text in, numbers out, and back. Safe from any thread; lives as long as its model.</summary>
internal sealed unsafe class Vocabulary
{
    private const int NoToken = -1;

    private readonly nint _vocabulary;
    private readonly List<ControlToken> _controls = [];
    private readonly SearchValues<string> _controlTexts;
    private readonly int _beginning;

    public Vocabulary(ModelHandle model)
    {
        _vocabulary = Llama.Vocabulary(model);
        _beginning = Llama.AddsBeginning(_vocabulary) != 0 ? Llama.BeginningToken(_vocabulary) : NoToken;
        for (var token = 0; token < Count; token++)
        {
            var attributes = Llama.TokenAttributes(_vocabulary, token);
            if ((attributes & (TokenAttributes.Control | TokenAttributes.Unknown)) is not TokenAttributes.None && Text(token) is { Length: > 0 } text)
            {
                _controls.Add(new ControlToken(token, text, attributes));
            }
        }

        // The longest first: of two that begin alike, the longer is meant.
        _controls.Sort((a, b) => b.Text.Length.CompareTo(a.Text.Length));
        _controlTexts = SearchValues.Create(_controls.ConvertAll(c => c.Text).ToArray(), StringComparison.Ordinal);
    }

    public int Count => Llama.TokenCount(_vocabulary);

    /// <summary>The text that begins a prompt, for templates that write it themselves; empty if the model has none.</summary>
    public string BeginningText => Text(Llama.BeginningToken(_vocabulary));

    /// <summary>The text that ends a text, for templates; empty if the model has none.</summary>
    public string EndText => Text(Llama.EndToken(_vocabulary));

    /// <summary>The token that ends a text.</summary>
    public int End => Llama.EndToken(_vocabulary);

    /// <summary>The tokens that every text begins with: one or none.</summary>
    public IReadOnlyList<int> Beginning => _beginning == NoToken ? [] : [_beginning];

    /// <summary>How the model is asked to fill a gap; null if it was not made to.</summary>
    public GapTokens? Gap
    {
        get
        {
            var gap = new GapTokens(Llama.GapPrefixToken(_vocabulary), Llama.GapSuffixToken(_vocabulary), Llama.GapMiddleToken(_vocabulary));
            return gap is { Prefix: not NoToken, Suffix: not NoToken, Middle: not NoToken } ? gap : null;
        }
    }

    public bool EndsGeneration(int token) => Llama.EndsGeneration(_vocabulary, token) != 0;

    /// <summary>The tokens of a plain text; what looks like a control token is text too.</summary>
    public List<int> Tokenize(string text)
    {
        var tokens = new List<int>();
        AppendText(tokens, text);
        return tokens;
    }

    /// <summary>The tokens of a text that stands for itself, with what the model wants around every text.</summary>
    public List<int> TokenizeText(string text)
    {
        var tokens = new List<int>();
        AppendText(tokens, text, addSpecial: 1);
        return tokens;
    }

    /// <summary>The tokens of a question with a text that may answer it, for a model that was trained to judge the two without a template.</summary>
    public List<int> TokenizePair(string question, string text)
    {
        var tokens = new List<int>(Beginning);
        AppendText(tokens, question);
        AppendEnd();
        if (Llama.AddsSeparator(_vocabulary) != 0)
        {
            tokens.Add(Llama.SeparatorToken(_vocabulary));
        }

        AppendText(tokens, text);
        AppendEnd();
        return tokens;

        void AppendEnd()
        {
            if (Llama.AddsEnd(_vocabulary) != 0)
            {
                tokens.Add(End != NoToken ? End : Llama.SeparatorToken(_vocabulary));
            }
        }
    }

    /// <summary>The text of tokens; control tokens have none.</summary>
    public string Text(IEnumerable<int> tokens)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Span<byte> room = stackalloc byte[128];
        foreach (var token in tokens)
        {
            bytes.Write(Piece(token, room));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>The control token of just this text, if there is one.</summary>
    public IReadOnlyList<int> Controls(string text) => _controls.FindAll(c => string.Equals(c.Text, text, StringComparison.Ordinal)).ConvertAll(c => c.Token);

    /// <summary>A grammar over these tokens, beginning at <c>root</c>.</summary>
    /// <exception cref="EngineFault">It is not well-formed.</exception>
    public SamplerHandle Grammar(string text)
    {
        var grammar = Samplers.Grammar(_vocabulary, text, "root");
        return grammar.IsInvalid ? throw new EngineFault($"The grammar is not well-formed: {LlamaLibrary.TakeErrors()}", ExitCode.Failed) : grammar;
    }

    /// <summary>The tokens of a prompt. Control tokens are recognised in what its template wrote and never in a caller's text. Between them
    /// the text is cut as a whole, so a harmless prompt gets exactly the tokens that the model was trained with.</summary>
    public List<int> Tokenize(MarkedText prompt)
    {
        var tokens = new List<int>();
        if (_beginning != NoToken)
        {
            tokens.Add(_beginning);
        }

        var start = 0;
        for (var (control, at) = NextControl(prompt, 0); control is not null; (control, at) = NextControl(prompt, start))
        {
            var before = prompt.Value[start..at];
            AppendText(tokens, control.Attributes.HasFlag(TokenAttributes.StripsLeft) ? before.TrimEnd() : before);
            tokens.Add(control.Token);
            start = at + control.Text.Length;
            while (control.Attributes.HasFlag(TokenAttributes.StripsRight) && start < prompt.Length && char.IsWhiteSpace(prompt.Value[start]))
            {
                start++;
            }
        }

        AppendText(tokens, prompt.Value[start..]);
        if (tokens is [var first, var second, ..] && first == _beginning && second == _beginning)
        {
            tokens.RemoveAt(0); // the template writes it too
        }

        return tokens;
    }

    /// <summary>The bytes that a token stands for, possibly part of a character; none for a control token.</summary>
    /// <param name="token">A token of this vocabulary.</param>
    /// <param name="buffer">Room for them, if there are few.</param>
    /// <param name="isShown">Whether a control token's text counts.</param>
    public ReadOnlySpan<byte> Piece(int token, Span<byte> buffer, bool isShown = false)
    {
        int length;
        fixed (byte* room = buffer)
        {
            length = Llama.TokenPiece(_vocabulary, token, room, buffer.Length, skippedSpaces: 0, isShown ? (byte)1 : (byte)0);
        }

        return length >= 0 ? buffer[..length] : Piece(token, new byte[-length], isShown);
    }

    private (ControlToken? Control, int At) NextControl(MarkedText prompt, int start)
    {
        for (var at = start; at < prompt.Length; at++)
        {
            var distance = prompt.Value.AsSpan(at).IndexOfAny(_controlTexts);
            if (distance < 0)
            {
                break;
            }

            at += distance;
            var found = _controls.Find(c => string.CompareOrdinal(prompt.Value, at, c.Text, 0, c.Text.Length) == 0 && prompt.IsTrusted(at, c.Text.Length));
            if (found is not null)
            {
                return (found, at);
            }
        }

        return (null, 0);
    }

    private void AppendText(List<int> tokens, string text, byte addSpecial = 0)
    {
        if (text.Length == 0 && addSpecial == 0)
        {
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var room = new int[bytes.Length + 8];
        fixed (byte* start = bytes)
        fixed (int* first = room)
        {
            var count = Llama.Tokenize(_vocabulary, start, bytes.Length, first, room.Length, addSpecial, parseSpecial: 0);
            if (count < 0)
            {
                throw new InvalidOperationException($"llama_tokenize wants {-(long)count} tokens for {bytes.Length} bytes.");
            }

            tokens.AddRange(room.AsSpan(0, count));
        }
    }

    private string Text(int token) => token == NoToken ? "" : Marshal.PtrToStringUTF8((nint)Llama.TokenText(_vocabulary, token)) ?? "";

    private sealed record ControlToken(int Token, string Text, TokenAttributes Attributes);
}
