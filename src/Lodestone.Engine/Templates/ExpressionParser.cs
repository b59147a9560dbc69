namespace Lodestone.Engine.Templates;

/// <summary>Reads expressions. One method per level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser
{
    private readonly TokenStream _tokens;
    private readonly AtomParser _atoms;

    public ExpressionParser(TokenStream tokens)
    {
        _tokens = tokens;
        _atoms = new AtomParser(tokens, this);
    }

    /// <summary>Any expression, with <c>a if b else c</c>.</summary>
    public Expression Parse() => _tokens.Nested(() =>
    {
        var value = Or();
        while (_tokens.Current is { Kind: TokenKind.Name, Value: "if" } at)
        {
            _tokens.Take();
            var condition = Or();
            value = new Conditional(condition, value, _tokens.TakeName("else") ? Parse() : null, at.Line);
        }

        return value;
    });

    /// <summary>An expression that may not end in <c>if</c>, as in the source of a loop.</summary>
    public Expression ParseWithoutCondition() => Or();

    /// <summary>One expression, or several with commas between: a list.</summary>
    public Expression ParseTuple()
    {
        var first = Parse();
        if (!_tokens.IsOperator(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (_tokens.TakeOperator(",") && _tokens.Current.Kind is not (TokenKind.StatementEnd or TokenKind.ExpressionEnd))
        {
            items.Add(Parse());
        }

        return new ListOf(items, first.Line);
    }

    /// <summary>A filter's name and arguments, applied to <paramref name="target"/>.</summary>
    public Filter ParseFilter(Expression target)
    {
        var name = _tokens.Expect(TokenKind.Name);
        return new Filter(target, name.Value, _tokens.IsOperator("(") ? ParseArguments() : Arguments.None, name.Line);
    }

    private Expression Or() => LeftToRight(And, "or");

    private Expression And() => LeftToRight(Not, "and");

    private Expression LeftToRight(Func<Expression> next, string word)
    {
        var left = next();
        while (_tokens.IsName(word))
        {
            var line = _tokens.Take().Line;
            left = new Binary(word, left, next(), line);
        }

        return left;
    }

    private Expression Not()
    {
        if (!_tokens.IsName("not"))
        {
            return Comparison();
        }

        var line = _tokens.Take().Line;
        return new Unary("not", _tokens.Nested(Not), line);
    }

    private Expression Comparison()
    {
        var left = Sum();
        while (true)
        {
            var at = _tokens.Current;
            if (at is { Kind: TokenKind.Operator, Value: "==" or "!=" or "<" or ">" or "<=" or ">=" } || _tokens.IsName("in"))
            {
                _tokens.Take();
                left = new Binary(at.Value, left, Sum(), at.Line);
            }
            else if (_tokens.IsName("not") && _tokens.Following is { Kind: TokenKind.Name, Value: "in" })
            {
                _tokens.Take();
                _tokens.Take();
                left = new Unary("not", new Binary("in", left, Sum(), at.Line), at.Line);
            }
            else
            {
                return left;
            }
        }
    }

    private Expression Sum() => Operators(Product, "+", "-", "~");

    private Expression Product() => Operators(Signed, "*", "/", "//", "%");

    private Expression Operators(Func<Expression> next, params ReadOnlySpan<string> operators)
    {
        var left = next();
        while (_tokens.Current.Kind is TokenKind.Operator && operators.Contains(_tokens.Current.Value))
        {
            var at = _tokens.Take();
            left = new Binary(at.Value, left, next(), at.Line);
        }

        return left;
    }

    private Expression Signed()
    {
        if (!_tokens.IsOperator("-") && !_tokens.IsOperator("+"))
        {
            return Power();
        }

        // A sign binds tighter than a filter: `-3 | abs` is 3.
        var at = _tokens.Take();
        return FiltersAndTests(new Unary(at.Value, _tokens.Nested(SignedOperand), at.Line));
    }

    private Expression SignedOperand() => _tokens.IsOperator("-") || _tokens.IsOperator("+") ? Signed() : Postfix(_atoms.Parse());

    private Expression Power()
    {
        var left = Postfix(_atoms.Parse());
        if (!_tokens.IsOperator("**"))
        {
            return FiltersAndTests(left);
        }

        var at = _tokens.Take();
        return FiltersAndTests(new Binary("**", left, _tokens.Nested(Signed), at.Line));
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (_tokens.TakeOperator("|"))
            {
                value = Postfix(ParseFilter(value));
            }
            else if (_tokens.IsName("is"))
            {
                value = ParseTest(value);
            }
            else
            {
                return value;
            }
        }
    }

    private Test ParseTest(Expression target)
    {
        var line = _tokens.Take().Line;
        var isNegated = _tokens.TakeName("not");
        var name = _tokens.Expect(TokenKind.Name).Value;
        if (_tokens.IsOperator("("))
        {
            return new Test(target, name, ParseArguments(), isNegated, line);
        }

        // `x is divisibleby 3`: one argument may stand without parentheses.
        var isBare = _tokens.Current.Kind is TokenKind.Quoted or TokenKind.Integer or TokenKind.Fraction || _tokens.IsOperator("[")
            || (_tokens.Current.Kind is TokenKind.Name && _tokens.Current.Value is not ("and" or "or" or "if" or "else" or "is" or "in" or "not"));
        return new Test(target, name, isBare ? new Arguments([Postfix(_atoms.Parse())], []) : Arguments.None, isNegated, line);
    }

    private Expression Postfix(Expression value)
    {
        while (_tokens.Current is { Kind: TokenKind.Operator, Value: "." or "[" or "(" } at)
        {
            value = at.Value switch
            {
                "." => Dotted(value),
                "[" => Bracketed(value),
                _ => new Call(value, ParseArguments(), at.Line),
            };
        }

        return value;
    }

    private Expression Dotted(Expression target)
    {
        var line = _tokens.Take().Line;
        return _tokens.Current.Kind is TokenKind.Integer
            ? new Index(target, _atoms.Parse(), line)
            : new Member(target, _tokens.Expect(TokenKind.Name).Value, line);
    }

    private Expression Bracketed(Expression target)
    {
        var line = _tokens.Take().Line;
        var from = _tokens.IsOperator(":") ? null : Parse();
        if (!_tokens.IsOperator(":"))
        {
            _tokens.Expect(TokenKind.Operator, "]");
            return new Index(target, from!, line); // no colon comes first, so `from` was parsed
        }

        _tokens.Take();
        var to = _tokens.IsOperator(":") || _tokens.IsOperator("]") ? null : Parse();
        var step = _tokens.TakeOperator(":") && !_tokens.IsOperator("]") ? Parse() : null;
        _tokens.Expect(TokenKind.Operator, "]");
        return new Slice(target, from, to, step, line);
    }

    private Arguments ParseArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        _tokens.Expect(TokenKind.Operator, "(");
        while (!_tokens.TakeOperator(")"))
        {
            if (_tokens.Current.Kind is TokenKind.Name && _tokens.Following is { Kind: TokenKind.Operator, Value: "=" })
            {
                var name = _tokens.Take().Value;
                _tokens.Take();
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!_tokens.IsOperator(")"))
            {
                _tokens.Expect(TokenKind.Operator, ",");
            }
        }

        return new Arguments(positional, named);
    }
}
