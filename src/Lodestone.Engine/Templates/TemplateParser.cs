namespace Lodestone.Engine.Templates;

/// <summary>Reads statements.</summary>
internal sealed class TemplateParser
{
    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;

    private TemplateParser(TokenStream tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens);
    }

    /// <exception cref="TemplateFault">The template is not well-formed, or uses a statement that is not known.</exception>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        var tokens = new TokenStream(TemplateLexer.Cut(source));
        var body = new TemplateParser(tokens).Body();
        tokens.Expect(TokenKind.End);
        return body;
    }

    /// <summary>Statements up to one of the words, which stays unread behind its <c>{%</c>; up to the end where there are no words.</summary>
    private List<Statement> Body(params string[] endings) => _tokens.Nested(() =>
    {
        var body = new List<Statement>();
        while (_tokens.Current.Kind is not TokenKind.End)
        {
            if (_tokens.Current.Kind is TokenKind.StatementStart && endings.Contains(_tokens.Following.Value, StringComparer.Ordinal))
            {
                return body;
            }

            body.AddRange(Next());
        }

        return endings.Length == 0 ? body : throw _tokens.Fault($"{endings[^1]} is missing");
    });

    private List<Statement> Next()
    {
        var token = _tokens.Take();
        switch (token.Kind)
        {
            case TokenKind.Text:
                return [new PlainText(MarkedText.Trusted(token.Value))];
            case TokenKind.ExpressionStart:
                var value = _expressions.ParseTuple();
                _tokens.Expect(TokenKind.ExpressionEnd);
                return [new Output(value)];
            case TokenKind.StatementStart:
                var keyword = _tokens.Expect(TokenKind.Name);
                return keyword.Value is "generation" ? Transparent("endgeneration") : [Statement(keyword)];
            default:
                throw _tokens.Fault("this cannot stand here");
        }
    }

    private Statement Statement(TemplateToken keyword) => keyword.Value switch
    {
        "if" => If(),
        "for" => For(),
        "set" => Set(),
        "macro" => Macro(keyword.Line),
        "filter" => FilterBlock(),
        "break" or "continue" => Leave(keyword.Value),
        _ => throw _tokens.Fault($"the statement '{keyword.Value}' is not known"),
    };

    // Marks what training counts as the model's own words; it changes nothing in what is written.
    private List<Statement> Transparent(string ending)
    {
        Close();
        var body = Body(ending);
        End(ending);
        return body;
    }

    private If If()
    {
        var branches = new List<Branch>();
        do
        {
            var condition = _expressions.ParseTuple();
            Close();
            branches.Add(new Branch(condition, Body("elif", "else", "endif")));
            _tokens.Expect(TokenKind.StatementStart);
        }
        while (_tokens.TakeName("elif"));

        var otherwise = Otherwise("endif");
        return new If(branches, otherwise);
    }

    private List<Statement> Otherwise(string ending)
    {
        var body = new List<Statement>();
        if (_tokens.TakeName("else"))
        {
            Close();
            body = Body(ending);
            _tokens.Expect(TokenKind.StatementStart);
        }

        _tokens.Expect(TokenKind.Name, ending);
        Close();
        return body;
    }

    private For For()
    {
        var names = Names();
        _tokens.Expect(TokenKind.Name, "in");
        var source = _expressions.ParseWithoutCondition();
        var filter = _tokens.TakeName("if") ? _expressions.Parse() : null;
        _tokens.TakeName("recursive");
        Close();
        var body = Body("else", "endfor");
        _tokens.Expect(TokenKind.StatementStart);
        return new For(names, source, filter, body, Otherwise("endfor"));
    }

    private Statement Set()
    {
        var names = Names();
        if (names.Count == 1 && _tokens.TakeOperator("."))
        {
            var member = _tokens.Expect(TokenKind.Name).Value;
            _tokens.Expect(TokenKind.Operator, "=");
            var assigned = _expressions.ParseTuple();
            Close();
            return new SetMember(names[0], member, assigned);
        }

        if (_tokens.TakeOperator("="))
        {
            var value = _expressions.ParseTuple();
            Close();
            return new Set(names, value);
        }

        Close();
        var body = Body("endset");
        End("endset");
        return new SetBlock(names[0], body);
    }

    private Macro Macro(int line)
    {
        var name = _tokens.Expect(TokenKind.Name).Value;
        var parameters = new List<Parameter>();
        _tokens.Expect(TokenKind.Operator, "(");
        while (!_tokens.TakeOperator(")"))
        {
            var parameter = _tokens.Expect(TokenKind.Name).Value;
            parameters.Add(new Parameter(parameter, _tokens.TakeOperator("=") ? _expressions.Parse() : null));
            if (!_tokens.IsOperator(")"))
            {
                _tokens.Expect(TokenKind.Operator, ",");
            }
        }

        Close();
        var body = Body("endmacro");
        End("endmacro");
        return new Macro(name, parameters, body, line);
    }

    private FilterBlock FilterBlock()
    {
        var filter = _expressions.ParseFilter(new Literal(MarkedText.Empty, _tokens.Current.Line));
        Close();
        var body = Body("endfilter");
        End("endfilter");
        return new FilterBlock(filter, body);
    }

    private Leave Leave(string keyword)
    {
        Close();
        return new Leave(keyword is "continue");
    }

    private List<string> Names()
    {
        var isWrapped = _tokens.TakeOperator("(");
        var names = new List<string> { _tokens.Expect(TokenKind.Name).Value };
        while (_tokens.TakeOperator(","))
        {
            names.Add(_tokens.Expect(TokenKind.Name).Value);
        }

        if (isWrapped)
        {
            _tokens.Expect(TokenKind.Operator, ")");
        }

        return names;
    }

    private void End(string ending)
    {
        _tokens.Expect(TokenKind.StatementStart);
        _tokens.Expect(TokenKind.Name, ending);
        Close();
    }

    private void Close() => _tokens.Expect(TokenKind.StatementEnd);
}
