using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

/// <summary>Puts each mutation beside what it changes. Within a mutated branch nothing else is mutated: one is on at a time.</summary>
internal sealed class Mutations(int next, HashSet<int> without) : CSharpSyntaxRewriter
{
    private static readonly Dictionary<SyntaxKind, (SyntaxKind Kind, SyntaxKind Token)> Operators = new()
    {
        [SyntaxKind.AddExpression] = (SyntaxKind.SubtractExpression, SyntaxKind.MinusToken),
        [SyntaxKind.SubtractExpression] = (SyntaxKind.AddExpression, SyntaxKind.PlusToken),
        [SyntaxKind.MultiplyExpression] = (SyntaxKind.DivideExpression, SyntaxKind.SlashToken),
        [SyntaxKind.DivideExpression] = (SyntaxKind.MultiplyExpression, SyntaxKind.AsteriskToken),
        [SyntaxKind.ModuloExpression] = (SyntaxKind.DivideExpression, SyntaxKind.SlashToken),
        [SyntaxKind.LessThanExpression] = (SyntaxKind.LessThanOrEqualExpression, SyntaxKind.LessThanEqualsToken),
        [SyntaxKind.LessThanOrEqualExpression] = (SyntaxKind.LessThanExpression, SyntaxKind.LessThanToken),
        [SyntaxKind.GreaterThanExpression] = (SyntaxKind.GreaterThanOrEqualExpression, SyntaxKind.GreaterThanEqualsToken),
        [SyntaxKind.GreaterThanOrEqualExpression] = (SyntaxKind.GreaterThanExpression, SyntaxKind.GreaterThanToken),
        [SyntaxKind.EqualsExpression] = (SyntaxKind.NotEqualsExpression, SyntaxKind.ExclamationEqualsToken),
        [SyntaxKind.NotEqualsExpression] = (SyntaxKind.EqualsExpression, SyntaxKind.EqualsEqualsToken),
        [SyntaxKind.LogicalAndExpression] = (SyntaxKind.LogicalOrExpression, SyntaxKind.BarBarToken),
        [SyntaxKind.LogicalOrExpression] = (SyntaxKind.LogicalAndExpression, SyntaxKind.AmpersandAmpersandToken),
    };

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["Min"] = "Max", ["Max"] = "Min", ["MinBy"] = "MaxBy", ["MaxBy"] = "MinBy", ["OrderBy"] = "OrderByDescending", ["OrderByDescending"] = "OrderBy",
        ["ThenBy"] = "ThenByDescending", ["ThenByDescending"] = "ThenBy", ["First"] = "Last", ["Last"] = "First", ["Any"] = "All", ["All"] = "Any",
    };

    public int Next { get; private set; } = next;

    public List<(int Id, int Line, string From, string To)> Made { get; } = [];

    public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (!Operators.TryGetValue(node.Kind(), out var other) || IsConstant(node) || IsText(node))
        {
            return base.VisitBinaryExpression(node);
        }

        var changed = SyntaxFactory.BinaryExpression(other.Kind, node.Left, SyntaxFactory.Token(SyntaxFactory.TriviaList(), other.Token, SyntaxFactory.TriviaList(SyntaxFactory.Space)), node.Right.WithoutTrivia());
        return Either(node, changed, base.VisitBinaryExpression(node));
    }

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node) =>
        node.Kind() is SyntaxKind.UnaryMinusExpression or SyntaxKind.LogicalNotExpression && !IsConstant(node)
            ? Either(node, node.Operand, base.VisitPrefixUnaryExpression(node))
            : base.VisitPrefixUnaryExpression(node);

    public override SyntaxNode? VisitIsPatternExpression(IsPatternExpressionSyntax node) => IsConstant(node)
        ? base.VisitIsPatternExpression(node)
        : Either(node, SyntaxFactory.ParseExpression($"!({node.ToString().ReplaceLineEndings(" ")})"), base.VisitIsPatternExpression(node));

    public override SyntaxNode? VisitLiteralExpression(LiteralExpressionSyntax node) =>
        node.Token.Text is "0" or "1" && !IsConstant(node) && node.Parent is not (ConstantPatternSyntax or RelationalPatternSyntax)
            ? Either(node, SyntaxFactory.ParseExpression(node.Token.Text is "0" ? "1" : "0"), node)
            : base.VisitLiteralExpression(node);

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        if (node.Expression is not MemberAccessExpressionSyntax { Name: IdentifierNameSyntax name } access || !Names.TryGetValue(name.Identifier.Text, out var other)
            || (node.ArgumentList.Arguments.Count == 0 && name.Identifier.Text is "Any" or "All") || IsConstant(node))
        {
            return base.VisitInvocationExpression(node);
        }

        var changed = node.WithExpression(access.WithName(SyntaxFactory.IdentifierName(other)));
        return Either(node, changed, base.VisitInvocationExpression(node));
    }

    public override SyntaxNode? VisitAssignmentExpression(AssignmentExpressionSyntax node)
    {
        if (node.Kind() is not (SyntaxKind.AddAssignmentExpression or SyntaxKind.SubtractAssignmentExpression) || !Take(node, node.OperatorToken.Text, "the other way", out var id))
        {
            return base.VisitAssignmentExpression(node);
        }

        var visited = (AssignmentExpressionSyntax)base.VisitAssignmentExpression(node)!; // it returns what it is given
        return visited.WithRight(SyntaxFactory.ParseExpression($"(Mutant.Is({id}) ? -({Flat(node.Right)}) : ({visited.Right.ToFullString()}))"));
    }

    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        var isCall = node.Expression is InvocationExpressionSyntax or AwaitExpressionSyntax
            or AssignmentExpressionSyntax { Left: MemberAccessExpressionSyntax } or PostfixUnaryExpressionSyntax;
        if (!isCall || !Take(node, Flat(node), "nothing", out var id))
        {
            return base.VisitExpressionStatement(node);
        }

        var visited = (ExpressionStatementSyntax)base.VisitExpressionStatement(node)!; // it returns what it is given
        return SyntaxFactory.ParseStatement($"{node.GetLeadingTrivia().ToFullString()}if (!Mutant.Is({id})) {{ {visited.WithoutLeadingTrivia().ToFullString().TrimEnd()} }}\n");
    }

    public override SyntaxNode? VisitAttribute(AttributeSyntax node) => node;

    private static string Flat(SyntaxNode node) => string.Join(' ', node.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static bool IsText(BinaryExpressionSyntax node) => node.IsKind(SyntaxKind.AddExpression)
        && node.DescendantNodes().Any(n => n is InterpolatedStringExpressionSyntax or LiteralExpressionSyntax { RawKind: (int)SyntaxKind.StringLiteralExpression });

    // Where only a constant may stand, or what is said to people.
    private static bool IsConstant(SyntaxNode node) => node.Ancestors().Any(a => a switch
    {
        FieldDeclarationSyntax field => field.Modifiers.Any(SyntaxKind.ConstKeyword),
        LocalDeclarationStatementSyntax local => local.Modifiers.Any(SyntaxKind.ConstKeyword),
        MethodDeclarationSyntax method => method.Identifier.Text is "ToString" or "GetHashCode",
        _ => a is AttributeSyntax or ParameterSyntax or EnumMemberDeclarationSyntax or CaseSwitchLabelSyntax or PatternSyntax
            or InterpolatedStringExpressionSyntax or ThrowExpressionSyntax or ThrowStatementSyntax,
    });

    private SyntaxNode Either(ExpressionSyntax original, ExpressionSyntax changed, SyntaxNode? visited)
    {
        if (visited is null || !Take(original, Flat(original), Flat(changed), out var id))
        {
            return visited!;
        }

        var text = $"(Mutant.Is({id}) ? ({Flat(changed)}) : ({visited.ToFullString().Trim()}))";
        return SyntaxFactory.ParseExpression(text).WithLeadingTrivia(original.GetLeadingTrivia()).WithTrailingTrivia(original.GetTrailingTrivia());
    }

    private bool Take(SyntaxNode node, string from, string to, out int id)
    {
        id = Next++;
        if (without.Contains(id))
        {
            return false;
        }

        Made.Add((id, node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1, from, to));
        return true;
    }
}
