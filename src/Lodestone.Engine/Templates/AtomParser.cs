using System.Globalization;

namespace Lodestone.Engine.Templates;

/// <summary>Reads what an expression is built of: literals, names, lists, mappings, and anything in parentheses.</summary>
internal sealed class AtomParser(TokenStream tokens, ExpressionParser expressions)
{
    /// <summary>The next token, with what belongs to it.</summary>
    public Expression Parse()
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
        "none" or "None" => new Literal(null, at.Line),
        _ => new Variable(at.Value, at.Line),
    };

    private Expression Parenthesised(int line)
    {
        if (tokens.TakeOperator(")"))
        {
            return new ListOf([], line);
        }

        var first = expressions.Parse();
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
            items.Add(expressions.Parse());
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
            var key = expressions.Parse();
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
