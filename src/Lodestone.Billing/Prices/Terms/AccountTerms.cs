namespace Lodestone.Billing;

/// <summary>An account's terms with what was used of them: moved on as rows are rated.</summary>
/// <param name="terms">Those that hold for the account.</param>
/// <param name="uses">What was used of them. Gets what is missing.</param>
internal sealed class AccountTerms(IReadOnlyList<Term> terms, List<TermUse> uses)
{
    /// <summary>As they are for a call.</summary>
    public AccountTerms For(IReadOnlyDictionary<string, long> promises, Int128 most) => new(terms, uses) { Promises = promises, Most = most };

    public static AccountTerms None { get; } = new([], []);

    public bool IsEmpty => terms.Count == 0;

    public IReadOnlyList<TermUse> Uses => uses;

    /// <summary>Of a call: what its hold was promised of each class; no more is covered.</summary>
    public IReadOnlyDictionary<string, long>? Promises { get; init; }

    /// <summary>Of a call: what may be charged, in picos, because it was held; the rest is taken off.</summary>
    public Int128? Most { get; set; }

    /// <summary>What of a quantity the allowances can still cover, besides what was promised to others.</summary>
    /// <returns><see langword="null"/> where an allowance that blocks does not cover all of it.</returns>
    public long? Promise(RatableUsage usage, string usageClass, DateOnly day, long quantity, long promised)
    {
        var all = Allowances(usage, usageClass).Where(t => t.Quantity is not null).ToList();
        var left = all.Aggregate((Int128)0, (sum, term) => sum + term.Size - term.Covered(Use(term, usage.UserId, day).Quantity)) - promised;
        var covered = (long)Int128.Clamp(left, 0, quantity);
        return covered < quantity && all.Exists(t => t.OnExhausted is OnExhausted.Block) ? null : covered;
    }

    /// <summary>Takes a quantity out of the allowances: the narrowest first, then the one that is whole again first, then the oldest.</summary>
    /// <returns>What they cover; what a correction gives back is negative.</returns>
    public long Cover(RatableUsage usage, string usageClass, DateOnly day, long quantity)
    {
        var most = Promises is null ? quantity : Math.Min(quantity, Promises.GetValueOrDefault(usageClass));
        var left = most;
        foreach (var term in Allowances(usage, usageClass).Where(t => t.Quantity is not null))
        {
            var use = Use(term, usage.UserId, day);
            var before = term.Covered(use.Quantity);
            left -= term.Covered(use.Add(left)) - before;
        }

        return most - left;
    }

    /// <summary>Takes a list value out of the allowances of a value.</summary>
    /// <returns>What they bear, in picos.</returns>
    public Int128 Bear(RatableUsage usage, string usageClass, DateOnly day, Int128 picos) =>
        picos - Allowances(usage, usageClass).Where(t => t.Quantity is null).Aggregate(picos, (left, term) => left - Off(term, usage.UserId, day, left));

    /// <summary>Takes discounts off what is left: percentages, then amounts, then a commitment's.</summary>
    /// <returns>What they take off, in picos.</returns>
    public Int128 Discount(RatableUsage usage, string usageClass, DateOnly day, Int128 picos)
    {
        var left = Held(usage, usageClass).Where(t => t.Kind is not TermKind.Allowance).OrderBy(t => t.Kind).ThenBy(t => t.CreatedAt).ThenBy(t => t.Id)
            .Aggregate(picos, (left, term) => left - Off(term, usage.UserId, day, left));
        if (Most is { } most)
        {
            left = Int128.Min(left, most);
            Most = most - left;
        }

        return picos - left;
    }

    private IEnumerable<Term> Allowances(RatableUsage usage, string usageClass) => Held(usage, usageClass).Where(t => t.Kind is TermKind.Allowance)
        .OrderByDescending(t => t.Narrowness).ThenBy(t => t.Period).ThenBy(t => t.CreatedAt).ThenBy(t => t.Id);

    private IEnumerable<Term> Held(RatableUsage usage, string usageClass) => terms.Where(t => t.HoldsFor(usage.ProductId, usageClass, usage.Time));

    private Int128 Off(Term term, Guid userId, DateOnly day, Int128 picos)
    {
        var use = Use(term, userId, day);
        var before = term.Off(use.Amount.In(BillingOptions.Currency).Picos);
        return term.Off(use.Add(picos)) - before;
    }

    private TermUse Use(Term term, Guid userId, DateOnly day)
    {
        var (subject, period) = (term.Scope is TermScope.User ? userId : Guid.Empty, term.PeriodOf(day));
        if (uses.Find(u => u.TermId == term.Id && u.SubjectId == subject && u.PeriodStart == period) is not { } use)
        {
            use = new TermUse { TermId = term.Id, SubjectId = subject, PeriodStart = period };
            uses.Add(use);
        }

        return use;
    }
}
