namespace Lodestone.Engine.Templates;

// What a template is made of once read. Every expression knows its line, for messages.

internal abstract record Statement;
internal sealed record Output(Expression Value) : Statement;
internal sealed record PlainText(MarkedText Value) : Statement;
internal sealed record If(IReadOnlyList<Branch> Branches, IReadOnlyList<Statement> Otherwise) : Statement;
internal sealed record Branch(Expression Condition, IReadOnlyList<Statement> Body);
internal sealed record For(IReadOnlyList<string> Names, Expression Source, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise)
    : Statement;
internal sealed record Set(IReadOnlyList<string> Names, Expression Value) : Statement;
internal sealed record SetMember(string Name, string Member, Expression Value) : Statement;
internal sealed record SetBlock(string Name, IReadOnlyList<Statement> Body) : Statement;
internal sealed record FilterBlock(Filter Filter, IReadOnlyList<Statement> Body) : Statement;
internal sealed record Macro(string Name, IReadOnlyList<Parameter> Parameters, IReadOnlyList<Statement> Body, int Line) : Statement;
internal sealed record Parameter(string Name, Expression? Default);
internal sealed record Leave(bool Continues) : Statement;

internal abstract record Expression(int Line);
internal sealed record Literal(object? Value, int Line) : Expression(Line);
internal sealed record Variable(string Name, int Line) : Expression(Line);
internal sealed record ListOf(IReadOnlyList<Expression> Items, int Line) : Expression(Line);
internal sealed record MapOf(IReadOnlyList<(Expression Key, Expression Value)> Pairs, int Line) : Expression(Line);
internal sealed record Member(Expression Target, string Name, int Line) : Expression(Line);
internal sealed record Index(Expression Target, Expression Key, int Line) : Expression(Line);
internal sealed record Slice(Expression Target, Expression? From, Expression? To, Expression? Step, int Line) : Expression(Line);
internal sealed record Call(Expression Target, Arguments Arguments, int Line) : Expression(Line);
internal sealed record Filter(Expression Target, string Name, Arguments Arguments, int Line) : Expression(Line);
internal sealed record Test(Expression Target, string Name, Arguments Arguments, bool IsNegated, int Line) : Expression(Line);
internal sealed record Unary(string Operator, Expression Operand, int Line) : Expression(Line);
internal sealed record Binary(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);
internal sealed record Conditional(Expression Condition, Expression Then, Expression? Otherwise, int Line) : Expression(Line);

/// <summary>What is passed to a call, filter or test.</summary>
internal sealed record Arguments(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static readonly Arguments None = new([], []);
}
