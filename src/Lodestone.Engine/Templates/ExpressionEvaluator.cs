namespace Lodestone.Engine.Templates;

/// <summary>Computes expressions in one scope.</summary>
internal sealed class ExpressionEvaluator(Scope scope, Budget budget)
{
    public bool IsTrue(Expression expression) => Values.IsTrue(Evaluate(expression));

    public object? Evaluate(Expression expression)
    {
        using var level = budget.Enter();
        return expression switch
        {
            Literal literal => literal.Value,
            Variable variable => scope.Find(variable.Name),
            Member member => FindMember(member),
            Index index => Indexed(index),
            Slice slice => Sliced(slice),
            Call call => Called(call),
            Filter filter => Filtered(filter, Evaluate(filter.Target)),
            Test test => Tested(test),
            Unary { Operator: "not" } unary => !IsTrue(unary.Operand),
            Unary { Operator: "-" } unary => Operators.Negate(Evaluate(unary.Operand)),
            Unary unary => Evaluate(unary.Operand),
            Binary { Operator: "and" } both => Evaluate(both.Left) is var left && Values.IsTrue(left) ? Evaluate(both.Right) : left,
            Binary { Operator: "or" } either => Evaluate(either.Left) is var left && Values.IsTrue(left) ? left : Evaluate(either.Right),
            Binary binary => Operators.Apply(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right)),
            Conditional choice => IsTrue(choice.Condition) ? Evaluate(choice.Then) : choice.Otherwise is { } other ? Evaluate(other) : Undefined.Value,
            ListOf list => list.Items.Select(Evaluate).ToList(),
            MapOf map => Mapped(map),
            _ => throw Fault(expression, "this cannot be computed"),
        };
    }

    public object? Filtered(Filter filter, object? value) =>
        Filters.Find(filter.Name) is { } apply
            ? apply(value, Evaluate(filter.Arguments))
            : throw Fault(filter, $"the filter '{filter.Name}' is not known");

    private bool Tested(Test test) =>
        Tests.Find(test.Name) is { } holds
            ? holds(Evaluate(test.Target), Evaluate(test.Arguments)) != test.IsNegated
            : throw Fault(test, $"the test '{test.Name}' is not known");

    private object? FindMember(Member member)
    {
        var target = Evaluate(member.Target);
        if (target is Undefined or null)
        {
            throw Fault(member, $"'{member.Name}' is asked of {Values.Kind(target)}");
        }

        return Methods.Find(target, member.Name) ?? (target is Map map ? map.Find(member.Name) : Undefined.Value);
    }

    private object? Indexed(Index index)
    {
        var target = Evaluate(index.Target);
        var key = Evaluate(index.Key);
        return (target, key) switch
        {
            (Map map, not null) => map.TryGetValue(key, out var value) ? value : Undefined.Value,
            (List<object?> list, long at) => Place(at, list.Count) is { } i ? list[i] : Undefined.Value,
            (MarkedText text, long at) => Place(at, text.Length) is { } i ? text.Slice(i, 1) : Undefined.Value,
            (Undefined or null, _) => throw Fault(index, $"an element is asked of {Values.Kind(target)}"),
            _ => Undefined.Value,
        };
    }

    private static int? Place(long index, int count)
    {
        var place = index < 0 ? index + count : index;
        return place >= 0 && place < count ? (int)place : null;
    }

    private object Sliced(Slice slice)
    {
        var target = Evaluate(slice.Target);
        var count = target switch
        {
            List<object?> list => list.Count,
            MarkedText text => text.Length,
            _ => throw Fault(slice, $"{Values.Kind(target)} cannot be sliced"),
        };
        var places = Places(Bound(slice.From), Bound(slice.To), Bound(slice.Step) ?? 1, count);
        return target is MarkedText whole
            ? MarkedText.Join(places.Select(i => whole.Slice(i, 1)))
            : places.Select(i => ((List<object?>)target)[i]).ToList();
    }

    private long? Bound(Expression? expression) => expression is null ? null : Evaluate(expression) switch
    {
        null => null,
        long bound => bound,
        var other => throw Fault(expression, $"{Values.Kind(other)} cannot bound a slice"),
    };

    // Python's rules: negative bounds count from the end, and bounds beyond the ends are brought back to them.
    private static IEnumerable<int> Places(long? from, long? to, long step, int count)
    {
        if (step == 0)
        {
            throw new TemplateFault("The chat template slices in steps of zero.");
        }

        var low = step > 0 ? 0 : -1;
        var high = step > 0 ? count : count - 1;
        var start = from is null ? (step > 0 ? low : high) : Math.Clamp(from < 0 ? from.Value + count : from.Value, low, high);
        var end = to is null ? (step > 0 ? high : low) : Math.Clamp(to < 0 ? to.Value + count : to.Value, low, high);
        for (var i = start; step > 0 ? i < end : i > end; i += step)
        {
            yield return (int)i;
        }
    }

    private object? Called(Call call)
    {
        var target = Evaluate(call.Target);
        return target is Callable function
            ? function(Evaluate(call.Arguments))
            : throw Fault(call, $"{Values.Kind(target)} is called{(call.Target is Variable v ? $": '{v.Name}'" : call.Target is Member m ? $": '{m.Name}'" : "")}");
    }

    private CallArguments Evaluate(Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.Count == 0)
        {
            return CallArguments.None;
        }

        return new CallArguments(
            arguments.Positional.Select(Evaluate).ToList(),
            arguments.Named.ToDictionary(pair => pair.Name, pair => Evaluate(pair.Value), StringComparer.Ordinal));
    }

    private Map Mapped(MapOf source)
    {
        var map = new Map();
        foreach (var (key, value) in source.Pairs)
        {
            map[Evaluate(key) ?? throw Fault(key, "a mapping has no key")] = Evaluate(value);
        }

        return map;
    }

    private static TemplateFault Fault(Expression at, string what) => new($"Line {at.Line} of the chat template: {what}.");
}
