using System.Globalization;

namespace Lodestone.Engine.Templates;

/// <summary>Reads expressions. One method per level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    /// <summary>Any expression, with <c>a if b else c</c>.</summary>
    public Expression Parse() => tokens.Nested(() =>
    {
        var value = Or();
        while (tokens.Current is { Kind: TokenKind.Name, Value: "if" } at)
        {
            tokens.Take();
            var condition = Or();
            value = new Conditional(condition, value, tokens.TakeName("else") ? Parse() : null, at.Line);
        }

        return value;
    });

    /// <summary>An expression that may not end in <c>if</c>, as in the source of a loop.</summary>
    public Expression ParseWithoutCondition() => Or();

    /// <summary>One expression, or several with commas between: a list.</summary>
    public Expression ParseTuple()
    {
        var first = Parse();
        if (!tokens.IsOperator(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (tokens.TakeOperator(",") && tokens.Current.Kind is not (TokenKind.StatementEnd or TokenKind.ExpressionEnd))
        {
            items.Add(Parse());
        }

        return new ListOf(items, first.Line);
    }

    /// <summary>A filter's name and arguments, applied to <paramref name="target"/>.</summary>
    public Filter ParseFilter(Expression target)
    {
        var name = tokens.Expect(TokenKind.Name);
        return new Filter(target, name.Value, tokens.IsOperator("(") ? ParseArguments() : Arguments.None, name.Line);
    }

    private Expression Or() => LeftToRight(And, "or");

    private Expression And() => LeftToRight(Not, "and");

    private Expression LeftToRight(Func<Expression> next, string word)
    {
        var left = next();
        while (tokens.IsName(word))
        {
            var line = tokens.Take().Line;
            left = new Binary(word, left, next(), line);
        }

        return left;
    }

    private Expression Not()
    {
        if (!tokens.IsName("not"))
        {
            return Comparison();
        }

        var line = tokens.Take().Line;
        return new Unary("not", tokens.Nested(Not), line);
    }

    private Expression Comparison()
    {
        var left = Sum();
        while (true)
        {
            var at = tokens.Current;
            if (at is { Kind: TokenKind.Operator, Value: "==" or "!=" or "<" or ">" or "<=" or ">=" } || tokens.IsName("in"))
            {
                tokens.Take();
                left = new Binary(at.Value, left, Sum(), at.Line);
            }
            else if (tokens.IsName("not") && tokens.Following is { Kind: TokenKind.Name, Value: "in" })
            {
                tokens.Take();
                tokens.Take();
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
        while (tokens.Current.Kind is TokenKind.Operator && operators.Contains(tokens.Current.Value))
        {
            var at = tokens.Take();
            left = new Binary(at.Value, left, next(), at.Line);
        }

        return left;
    }

    private Expression Signed()
    {
        if (!tokens.IsOperator("-") && !tokens.IsOperator("+"))
        {
            return Power();
        }

        // A sign binds tighter than a filter: `-3 | abs` is 3.
        var at = tokens.Take();
        return FiltersAndTests(new Unary(at.Value, tokens.Nested(SignedOperand), at.Line));
    }

    private Expression SignedOperand() => tokens.IsOperator("-") || tokens.IsOperator("+") ? Signed() : Postfix(Primary());

    private Expression Power()
    {
        var left = Postfix(Primary());
        if (!tokens.IsOperator("**"))
        {
            return FiltersAndTests(left);
        }

        var at = tokens.Take();
        return FiltersAndTests(new Binary("**", left, tokens.Nested(Signed), at.Line));
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (tokens.TakeOperator("|"))
            {
                value = Postfix(ParseFilter(value));
            }
            else if (tokens.IsName("is"))
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
        var line = tokens.Take().Line;
        var isNegated = tokens.TakeName("not");
        var name = tokens.Expect(TokenKind.Name).Value;
        if (tokens.IsOperator("("))
        {
            return new Test(target, name, ParseArguments(), isNegated, line);
        }

        // `x is divisibleby 3`: one argument may stand without parentheses.
        var isBare = tokens.Current.Kind is TokenKind.Quoted or TokenKind.Integer or TokenKind.Fraction || tokens.IsOperator("[")
            || (tokens.Current.Kind is TokenKind.Name && tokens.Current.Value is not ("and" or "or" or "if" or "else" or "is" or "in" or "not"));
        return new Test(target, name, isBare ? new Arguments([Postfix(Primary())], []) : Arguments.None, isNegated, line);
    }

    private Expression Postfix(Expression value)
    {
        while (tokens.Current is { Kind: TokenKind.Operator, Value: "." or "[" or "(" } at)
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
        var line = tokens.Take().Line;
        return tokens.Current.Kind is TokenKind.Integer
            ? new Index(target, Primary(), line)
            : new Member(target, tokens.Expect(TokenKind.Name).Value, line);
    }

    private Expression Bracketed(Expression target)
    {
        var line = tokens.Take().Line;
        var from = tokens.IsOperator(":") ? null : Parse();
        if (!tokens.IsOperator(":"))
        {
            tokens.Expect(TokenKind.Operator, "]");
            return new Index(target, from!, line); // no colon comes first, so `from` was parsed
        }

        tokens.Take();
        var to = tokens.IsOperator(":") || tokens.IsOperator("]") ? null : Parse();
        var step = tokens.TakeOperator(":") && !tokens.IsOperator("]") ? Parse() : null;
        tokens.Expect(TokenKind.Operator, "]");
        return new Slice(target, from, to, step, line);
    }

    private Arguments ParseArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        tokens.Expect(TokenKind.Operator, "(");
        while (!tokens.TakeOperator(")"))
        {
            if (tokens.Current.Kind is TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Value: "=" })
            {
                var name = tokens.Take().Value;
                tokens.Take();
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(Parse());
            }

            if (!tokens.IsOperator(")"))
            {
                tokens.Expect(TokenKind.Operator, ",");
            }
        }

        return new Arguments(positional, named);
    }

    private Expression Primary()
    {
        var at = tokens.Take();
        return at.Kind switch
        {
            TokenKind.Quoted => new Literal(MarkedText.Trusted(at.Value + MoreQuoted()), at.Line),
            TokenKind.Integer when long.TryParse(at.Value, CultureInfo.InvariantCulture, out var integer) => new Literal(integer, at.Line),
            TokenKind.Fraction => new Literal(double.Parse(at.Value, CultureInfo.InvariantCulture), at.Line),
            TokenKind.Name => Named(at),
            TokenKind.Operator when at.Value is "(" => Parenthesised(at.Line),
            TokenKind.Operator when at.Value is "[" => new ListOf(Items("]"), at.Line),
            TokenKind.Operator when at.Value is "{" => Map(at.Line),
            _ => throw tokens.Fault($"expected a value, found {(at.Value.Length > 0 ? at.Value : at.Kind.ToString())}"),
        };
    }

    // 'a' 'b' is 'ab', as in Python.
    private string MoreQuoted()
    {
        var text = "";
        while (tokens.Current.Kind is TokenKind.Quoted)
        {
            text += tokens.Take().Value;
        }

        return text;
    }

    private static Expression Named(TemplateToken at) => at.Value switch
    {
        "true" or "True" => new Literal(true, at.Line),
        "false" or "False" => new Literal(false, at.Line),
        "none" or "None" or "null" => new Literal(null, at.Line),
        _ => new Variable(at.Value, at.Line),
    };

    private Expression Parenthesised(int line)
    {
        if (tokens.TakeOperator(")"))
        {
            return new ListOf([], line);
        }

        var first = Parse();
        if (!tokens.TakeOperator(","))
        {
            tokens.Expect(TokenKind.Operator, ")");
            return first;
        }

        return new ListOf([first, .. Items(")")], line);
    }

    private List<Expression> Items(string end)
    {
        var items = new List<Expression>();
        while (!tokens.TakeOperator(end))
        {
            items.Add(Parse());
            if (!tokens.IsOperator(end))
            {
                tokens.Expect(TokenKind.Operator, ",");
            }
        }

        return items;
    }

    private MapOf Map(int line)
    {
        var pairs = new List<(Expression, Expression)>();
        while (!tokens.TakeOperator("}"))
        {
            var key = Parse();
            tokens.Expect(TokenKind.Operator, ":");
            pairs.Add((key, Parse()));
            if (!tokens.IsOperator("}"))
            {
                tokens.Expect(TokenKind.Operator, ",");
            }
        }

        return new MapOf(pairs, line);
    }
}
