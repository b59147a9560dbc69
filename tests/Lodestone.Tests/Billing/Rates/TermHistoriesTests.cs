using System.Numerics;
using CsCheck;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>Allowances, discounts and a commitment over random histories, against sums that are made at the end from what was used.</summary>
[NoDatabase]
public sealed class TermHistoriesTests
{
    private const long Million = 1_000_000;

    private static readonly DateTimeOffset Start = new(2028, 2, 20, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid[] Users = [new(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), new(2, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])];

    // Of input a quantity is free, in some period and of some scope; then in each month a value, a percentage and an amount come off; what is left comes under a commitment.
    private static readonly Gen<Agreement> Agreements = Gen.Select(
        Gen.Enum<TermPeriod>(), Gen.Enum<TermScope>(), Gen.Long[0, 60], Gen.Long[1, 3], Gen.Long[0, 4 * Million], Gen.Long[0, TermRules.Whole], Gen.Long[0, 3 * Million],
        Gen.Select(Gen.Long[0, 40 * Million], Gen.Long[0, TermRules.Whole - 1], Gen.Long[0, TermRules.Whole]),
        (period, scope, quantity, seats, value, percent, off, commitment) => new Agreement(period, scope, quantity, seats, value, percent, off, commitment.Item1, commitment.Item2, commitment.Item3));

    private static readonly Gen<Use[]> Uses = Gen.Select(Gen.Int[0, (20 * 24) - 1], Gen.Int[0, 1], Gen.Bool, Gen.Long[0, 40], Gen.Int[0, 5], (hour, user, isInput, quantity, taken) => new Use(hour, user, isInput, quantity, taken == 0)).Array[0, 25];

    [Fact]
    public void What_terms_take_off_is_what_the_sums_say_to_the_pico() => Gen.Select(Agreements, Gen.Long[0, 2 * Million], Gen.Long[0, 2 * Million], Uses).Sample(
        (agreement, input, output, uses) => Agree(agreement, input, output, uses),
        iter: long.TryParse(Environment.GetEnvironmentVariable("LODESTONE_ORACLE_HISTORIES"), System.Globalization.CultureInfo.InvariantCulture, out var asked) ? asked : 20_000);

    [Fact]
    public void A_shortfall_is_what_the_commitment_lacks()
    {
        var term = Term(TermKind.Commitment, TermPeriod.Once) with { Amount = Usd(100), Share = 200_000, ShareOver = 100_000 };

        Assert.Equal(100 * Money.PicosPerUnit, term.Build().Shortfall(0));
        Assert.Equal(20 * Money.PicosPerUnit, term.Build().Shortfall(100 * Money.PicosPerUnit)); // 80 paid
        Assert.Equal(0, term.Build().Shortfall(125 * Money.PicosPerUnit));
        Assert.Equal(35 * Money.PicosPerUnit, term.Build().Off(225 * Money.PicosPerUnit)); // 100 for the first 125, 90 for the next 100
        Assert.Equal(-20 * Money.PicosPerUnit, term.Build().Off(-100 * Money.PicosPerUnit));
    }

    [Fact]
    public void Low_priority_costs_nothing_and_block_is_known_before_it_begins()
    {
        var usage = new RatableUsage(Guid.Empty, Guid.Empty, Users[0], Guid.Empty, Start, []);
        var day = Days.Of(Start);
        AccountTerms With(OnExhausted what, TermKind kind = TermKind.Allowance, long? quantity = 10) => new([(Term(kind, TermPeriod.Day) with { OnExhausted = what, Quantity = quantity, Amount = Usd(1) }).Build()], []);

        var low = With(OnExhausted.LowPriority);
        Assert.Equal((50, 70, -20), (low.Cover(usage, "input", day, 50), low.Cover(usage, "input", day, 70), low.Cover(usage, "input", day, -20)));
        Assert.Equal(5 * Money.PicosPerUnit, With(OnExhausted.LowPriority, quantity: null).Bear(usage, "input", day, 5 * Money.PicosPerUnit));
        Assert.Equal(Money.PicosPerUnit, With(OnExhausted.Charge, quantity: null).Bear(usage, "input", day, 5 * Money.PicosPerUnit));
        var charge = With(OnExhausted.Charge);
        Assert.Equal((10L, 4L, 0L), (charge.Promise(usage, "input", day, 20, 0), charge.Promise(usage, "input", day, 20, 6), charge.Promise(usage, "input", day, 20, 11)));
        var block = With(OnExhausted.Block);
        Assert.Equal((10L, null, null), (block.Promise(usage, "input", day, 10, 0), block.Promise(usage, "input", day, 11, 0), block.Promise(usage, "input", day, 10, 1)));
        Assert.Equal((7, 3, 0), (block.Cover(usage, "input", day, 7), block.Cover(usage, "input", day, 7), block.Cover(usage, "input", day, 7)));
        Assert.Null(block.Promise(usage, "input", day, 1, 0));
    }

    [Fact]
    public void Of_a_call_no_more_is_covered_than_was_promised_and_no_more_is_charged_than_was_held()
    {
        var usage = new RatableUsage(Guid.Empty, Guid.Empty, Users[0], Guid.Empty, Start, []);
        var terms = new AccountTerms([(Term(TermKind.Allowance, TermPeriod.Day) with { Quantity = 10 }).Build()], []).For(new Dictionary<string, long>(StringComparer.Ordinal) { ["input"] = 4 }, 100);

        Assert.Equal((4, 0), (terms.Cover(usage, "input", Days.Of(Start), 9), terms.Cover(usage, "output", Days.Of(Start), 9)));
        Assert.Equal((0, 20, 30), (terms.Discount(usage, "input", Days.Of(Start), 70), terms.Discount(usage, "output", Days.Of(Start), 50), terms.Discount(usage, "output", Days.Of(Start), 30)));
    }

    [Fact]
    public void The_narrowest_allowance_is_used_first_then_the_shortest_then_the_oldest()
    {
        var usage = new RatableUsage(Guid.Empty, Guid.Empty, Users[0], Guid.Empty, Start, []);
        TermSpec Of(int id, TermPeriod period, string? name, Guid? product, int age) =>
            Term(TermKind.Allowance, period) with { Id = id, Quantity = 10, UsageClass = name, ProductId = product, CreatedAt = Start.AddDays(-age) };
        TermSpec[] specs = [Of(1, TermPeriod.Once, null, null, 1), Of(2, TermPeriod.Month, null, null, 1), Of(3, TermPeriod.Month, null, null, 2), Of(4, TermPeriod.Once, "input", null, 0), Of(5, TermPeriod.Once, "input", Users[0], 0), Of(6, TermPeriod.Day, "output", null, 9)];
        var terms = new AccountTerms([.. specs.Select(s => s.Build())], []);

        terms.Cover(usage, "input", Days.Of(Start), 35);

        Assert.Equal([(5, 35), (4, 25), (3, 15), (2, 5), (1, 0)], terms.Uses.Select(u => (specs.Single(s => s.Build().Id == u.TermId).Id, (int)u.Quantity)));
    }

    private static void Agree(Agreement a, long input, long output, Use[] uses)
    {
        var price = Price(input, output);
        List<Term> terms =
        [
            (Term(TermKind.Allowance, a.Period) with { Id = 1, Quantity = a.Quantity, UsageClass = "input", Scope = a.Scope, Seats = a.Seats }).Build(),
            (Term(TermKind.Allowance, TermPeriod.Month) with { Id = 2, Amount = new Money(a.Value, Currency.Usd) }).Build(),
            (Term(TermKind.PercentOff, TermPeriod.Month) with { Id = 3, Share = a.Percent }).Build(),
            (Term(TermKind.AmountOff, TermPeriod.Month) with { Id = 4, Amount = new Money(a.Off, Currency.Usd) }).Build(),
            (Term(TermKind.Commitment, TermPeriod.Once) with { Id = 5, Amount = new Money(a.Commitment, Currency.Usd), Share = a.Share, ShareOver = a.ShareOver }).Build(),
        ];
        var (state, totals, rows) = (new AccountTerms(terms, []), new Dictionary<DateOnly, List<RatingTotal>>(), new List<RatedRow>());
        foreach (var (at, use) in uses.Index())
        {
            foreach (var quantity in use.IsTaken ? [use.Quantity, -use.Quantity] : new[] { use.Quantity })
            {
                var (time, id) = (Start.AddHours(use.Hour), new Guid(rows.Count + 1, (short)at, 0, [0, 0, 0, 0, 0, 0, 0, 0]));
                var month = Days.Month(Days.Of(time));
                totals.TryAdd(month, []);
                rows.AddRange(Rating.Rate(
                    totals[month], new RatableUsage(id, Guid.Empty, Guid.Empty, Guid.Empty, time, [(use.IsInput ? "input" : "output", quantity)]) { UserId = Users[use.User] }, Days.Of(time), price, new FreePart(0), state));
            }
        }

        Assert.All(rows, r => Assert.Equal(Picos(r.List), Picos(r.Free) + Picos(r.Discount) + Picos(r.Amount)));
        Assert.Equal(Expected(a, input, output, uses), rows.Aggregate(BigInteger.Zero, (sum, r) => sum + Picos(r.Amount)));
    }

    // From what is left of the uses at the end: nothing here goes from one to the next.
    private static BigInteger Expected(Agreement a, long input, long output, Use[] uses)
    {
        var left = uses.Where(u => !u.IsTaken).ToList();
        var paid = BigInteger.Zero;
        var covered = left.Where(u => u.IsInput)
            .GroupBy(u => (User: a.Scope is TermScope.User ? u.User : 0, Period: a.Period switch { TermPeriod.Day => u.Hour / 24, TermPeriod.Month => u.Hour / 24 >= 10 ? 1 : 0, _ => 0 }))
            .Select(g => (Days: g.Select(u => u.Hour / 24).Distinct(), Over: BigInteger.Max(g.Aggregate(BigInteger.Zero, (s, u) => s + u.Quantity) - (a.Quantity * (a.Scope is TermScope.Seat ? a.Seats : 1)), 0), Uses: g.ToList()))
            .ToList();
        if (a.Period is TermPeriod.Once)
        {
            return ExpectedInOrder(a, input, output, uses);
        }

        foreach (var month in new[] { 0, 1 })
        {
            var inputs = covered.Where(c => (c.Uses[0].Hour / 24 >= 10 ? 1 : 0) == month).Aggregate(BigInteger.Zero, (sum, c) => sum + c.Over);
            var outputs = left.Where(u => !u.IsInput && (u.Hour / 24 >= 10 ? 1 : 0) == month).Aggregate(BigInteger.Zero, (sum, u) => sum + u.Quantity);
            paid += AfterMonth(a, Rounded(inputs * input, Million) + Rounded(outputs * output, Million));
        }

        return AfterCommitment(a, paid);
    }

    // An amount that is whole but once is used by whoever comes first, whichever month they are of.
    private static BigInteger ExpectedInOrder(Agreement a, long input, long output, Use[] uses)
    {
        var seen = new List<(int Month, int User, long Quantity)>();
        BigInteger[] over = [0, 0];
        foreach (var use in uses.Where(u => u.IsInput))
        {
            foreach (var quantity in use.IsTaken ? [use.Quantity, -use.Quantity] : new[] { use.Quantity })
            {
                var before = Over();
                seen.Add((0, use.User, quantity));
                over[use.Hour / 24 >= 10 ? 1 : 0] += Over() - before;

                BigInteger Over() => BigInteger.Max(seen.Where(s => a.Scope is not TermScope.User || s.User == use.User).Aggregate(BigInteger.Zero, (sum, s) => sum + s.Quantity) - (a.Quantity * (a.Scope is TermScope.Seat ? a.Seats : 1)), 0);
            }
        }

        var paid = BigInteger.Zero;
        foreach (var month in new[] { 0, 1 })
        {
            var outputs = uses.Where(u => !u.IsTaken && !u.IsInput && (u.Hour / 24 >= 10 ? 1 : 0) == month).Aggregate(BigInteger.Zero, (sum, u) => sum + u.Quantity);
            paid += AfterMonth(a, Rounded(over[month] * input, Million) + Rounded(outputs * output, Million));
        }

        return AfterCommitment(a, paid);
    }

    private static BigInteger AfterMonth(Agreement a, BigInteger list)
    {
        var charged = BigInteger.Max(list - a.Value, 0);
        charged -= Rounded(charged * a.Percent, TermRules.Whole);
        return BigInteger.Max(charged - a.Off, 0);
    }

    private static BigInteger AfterCommitment(Agreement a, BigInteger list)
    {
        var (paid, over) = (TermRules.Whole - a.Share, TermRules.Whole - a.ShareOver);
        return list * paid <= (BigInteger)a.Commitment * TermRules.Whole
            ? Rounded(list * paid, TermRules.Whole)
            : a.Commitment + Rounded(((list * paid) - ((BigInteger)a.Commitment * TermRules.Whole)) * over, (BigInteger)TermRules.Whole * paid);
    }

    private static BigInteger Rounded(BigInteger numerator, BigInteger denominator)
    {
        var below = (numerator - (((numerator % denominator) + denominator) % denominator)) / denominator;
        var (toBelow, toAbove) = (numerator - (below * denominator), ((below + 1) * denominator) - numerator);
        return toBelow < toAbove || (toBelow == toAbove && below.IsEven) ? below : below + 1;
    }

    private static BigInteger Picos(StoredMoney amount) => (BigInteger)amount.In(Currency.Usd).Picos;

    private static Money Usd(long units) => Money.FromStored(units, 0, Currency.Usd);

    private static TermSpec Term(TermKind kind, TermPeriod period) => new(0, kind, period);

    private static PriceVersion Price(long input, long output) => new()
    {
        Id = Guid.Empty,
        ProductId = Guid.Empty,
        Version = 1,
        Currency = Currency.Usd,
        Input = new Money(input, Currency.Usd),
        Output = new Money(output, Currency.Usd),
        PerQuantity = Million,
        EffectiveFrom = Start,
        PublishedAt = Start,
        PublishedBy = Guid.Empty,
        PublisherName = "",
        Reason = "",
    };

    internal sealed record Use(int Hour, int User, bool IsInput, long Quantity, bool IsTaken);

    internal sealed record Agreement(TermPeriod Period, TermScope Scope, long Quantity, long Seats, long Value, long Percent, long Off, long Commitment, long Share, long ShareOver);

    private sealed record TermSpec(int Id, TermKind Kind, TermPeriod Period)
    {
        public long? Quantity { get; init; }

        public Money Amount { get; init; }

        public long Share { get; init; }

        public long ShareOver { get; init; }

        public string? UsageClass { get; init; }

        public Guid? ProductId { get; init; }

        public TermScope Scope { get; init; } = TermScope.Account;

        public long Seats { get; init; } = 1;

        public OnExhausted OnExhausted { get; init; } = OnExhausted.Charge;

        public DateTimeOffset CreatedAt { get; init; } = Start;

        public Term Build() => new()
        {
            Id = new Guid(Id, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]),
            AccountId = Guid.Empty,
            Kind = Kind,
            ProductId = ProductId,
            UsageClass = UsageClass,
            Quantity = Quantity,
            Amount = Amount,
            Share = Share,
            ShareOver = ShareOver,
            Period = Period,
            Scope = Scope,
            Seats = Seats,
            OnExhausted = OnExhausted,
            StartsAt = Start,
            CreatedAt = CreatedAt,
            Reason = "",
        };
    }
}
