namespace Lodestone.Engine.Templates;

/// <summary>Runs a template's statements. Templates come from strangers, so work, depth and size are limited.</summary>
internal sealed class Evaluator
{
    private readonly List<MarkedText> _output;
    private readonly ExpressionEvaluator _expressions;
    private readonly Scope _scope;
    private readonly Budget _budget;

    public Evaluator(Scope scope, Budget budget)
    {
        _scope = scope;
        _budget = budget;
        _output = [];
        _expressions = new ExpressionEvaluator(scope, budget);
    }

    private Evaluator(Scope scope, Budget budget, List<MarkedText> output)
        : this(scope, budget) => _output = output;

    private enum Flow
    {
        Next,
        Continue,
        Break,
    }

    /// <summary>Runs the statements and returns what they printed.</summary>
    public MarkedText Run(IReadOnlyList<Statement> body)
    {
        Execute(body);
        return MarkedText.Join(_output);
    }

    private Flow Execute(IReadOnlyList<Statement> body)
    {
        using var level = _budget.Enter();
        foreach (var statement in body)
        {
            var flow = Execute(statement);
            if (flow is not Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Execute(Statement statement)
    {
        _budget.Spend(1);
        switch (statement)
        {
            case PlainText text:
                Print(text.Value);
                break;
            case Output output:
                Print(Values.Print(_expressions.Evaluate(output.Value)));
                break;
            case If choice:
                return Choose(choice);
            case For loop:
                Loop(loop);
                break;
            case Set set:
                Assign(set.Names, _expressions.Evaluate(set.Value), _scope);
                break;
            case SetMember set:
                Assign(set);
                break;
            case SetBlock set:
                _scope.Set(set.Name, Capture(set.Body));
                break;
            case FilterBlock block:
                Print(Values.Print(_expressions.Filtered(block.Filter, Capture(block.Body))));
                break;
            case Macro macro:
                _scope.Set(macro.Name, (Callable)(arguments => Invoke(macro, arguments)));
                break;
            case Leave leave:
                return leave.Continues ? Flow.Continue : Flow.Break;
        }

        return Flow.Next;
    }

    private void Print(MarkedText text)
    {
        _budget.Spend(text.Length / 64);
        _output.Add(text);
    }

    private Flow Choose(If choice)
    {
        foreach (var branch in choice.Branches)
        {
            if (_expressions.IsTrue(branch.Condition))
            {
                return Execute(branch.Body);
            }
        }

        return Execute(choice.Otherwise);
    }

    private void Loop(For loop)
    {
        var items = Values.Elements(_expressions.Evaluate(loop.Source));
        if (loop.Filter is { } filter)
        {
            items = items.FindAll(item => new ExpressionEvaluator(Inner(loop, item), _budget).IsTrue(filter));
        }

        for (var i = 0; i < items.Count; i++)
        {
            var scope = Inner(loop, items[i]);
            scope.Set("loop", State(items, i));
            if (new Evaluator(scope, _budget, _output).Execute(loop.Body) is Flow.Break)
            {
                return;
            }
        }

        if (items.Count == 0)
        {
            Execute(loop.Otherwise);
        }
    }

    private Scope Inner(For loop, object? item)
    {
        var scope = new Scope(_scope);
        Assign(loop.Names, item, scope);
        return scope;
    }

    private static Map State(List<object?> items, int i)
    {
        var state = new Map();
        state.Put("index", i + 1L);
        state.Put("index0", (long)i);
        state.Put("revindex", (long)items.Count - i);
        state.Put("revindex0", items.Count - i - 1L);
        state.Put("first", i == 0);
        state.Put("last", i == items.Count - 1);
        state.Put("length", (long)items.Count);
        state.Put("previtem", i > 0 ? items[i - 1] : Undefined.Value);
        state.Put("nextitem", i + 1 < items.Count ? items[i + 1] : Undefined.Value);
        return state;
    }

    private static void Assign(IReadOnlyList<string> names, object? value, Scope scope)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        var parts = Values.Elements(value);
        if (parts.Count != names.Count)
        {
            throw new TemplateFault($"The chat template sets {names.Count} names from {parts.Count} values.");
        }

        for (var i = 0; i < parts.Count; i++)
        {
            scope.Set(names[i], parts[i]);
        }
    }

    private void Assign(SetMember set)
    {
        if (_scope.Find(set.Name) is not Map { IsNamespace: true } space)
        {
            throw new TemplateFault($"The chat template sets a member of '{set.Name}', which is no namespace.");
        }

        space.Put(set.Member, _expressions.Evaluate(set.Value));
    }

    private MarkedText Capture(IReadOnlyList<Statement> body) => new Evaluator(new Scope(_scope), _budget).Run(body);

    private MarkedText Invoke(Macro macro, CallArguments arguments)
    {
        var scope = new Scope(_scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var parameter = macro.Parameters[i];
            var otherwise = parameter.Default is { } value ? new ExpressionEvaluator(scope, _budget).Evaluate(value) : Undefined.Value;
            scope.Set(parameter.Name, arguments.Get(i, parameter.Name, otherwise));
        }

        return new Evaluator(scope, _budget).Run(macro.Body);
    }
}

/// <summary>Names and what they stand for; an inner scope sees the outer one and does not change it.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => _values[name] = value;

    public object? Find(string name) => _values.TryGetValue(name, out var value) ? value : outer is null ? Undefined.Value : outer.Find(name);
}

/// <summary>Stops a template that works too long or recurses too deep.</summary>
internal sealed class Budget
{
    private const int MaxDepth = 200;

    private int _steps = 2_000_000;
    private int _depth;

    public void Spend(int steps)
    {
        _steps -= steps;
        if (_steps < 0)
        {
            throw new TemplateFault("The chat template does too much work.");
        }
    }

    /// <summary>Goes one level deeper until the result is disposed of.</summary>
    public Level Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw new TemplateFault("The chat template nests too deeply.");
        }

        Spend(1);
        return new Level(this);
    }

    internal readonly ref struct Level(Budget budget)
    {
        public void Dispose() => budget._depth--;
    }
}
