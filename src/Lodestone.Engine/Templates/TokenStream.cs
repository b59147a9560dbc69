namespace Lodestone.Engine.Templates;

/// <summary>Tokens in order, with the questions that both parsers ask.</summary>
internal sealed class TokenStream(IReadOnlyList<TemplateToken> tokens)
{
    // Far above any real template, far below what the stack holds: templates come from strangers.
    private const int MaxDepth = 100;

    private int _position;
    private int _depth;

    public TemplateToken Current => tokens[_position];

    public TemplateToken Following => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public bool Is(TokenKind kind, string value) => Current.Kind == kind && string.Equals(Current.Value, value, StringComparison.Ordinal);

    public bool IsOperator(string value) => Is(TokenKind.Operator, value);

    public bool IsName(string value) => Is(TokenKind.Name, value);

    public TemplateToken Take()
    {
        var token = Current;
        if (token.Kind is not TokenKind.End)
        {
            _position++;
        }

        return token;
    }

    public bool TakeOperator(string value) => IsOperator(value) && Take() is { };

    public bool TakeName(string value) => IsName(value) && Take() is { };

    public TemplateToken Expect(TokenKind kind, string? value = null)
    {
        if (Current.Kind != kind || (value is not null && !string.Equals(Current.Value, value, StringComparison.Ordinal)))
        {
            throw Fault($"expected {value ?? kind.ToString()}, found {(Current.Value.Length > 0 ? Current.Value : Current.Kind.ToString())}");
        }

        return Take();
    }

    /// <summary>Parses something that may contain itself.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_depth > MaxDepth)
        {
            throw Fault("it is nested too deeply");
        }

        var result = parse();
        _depth--;
        return result;
    }

    public TemplateFault Fault(string what) => new($"Line {Current.Line} of the chat template: {what}.");
}
