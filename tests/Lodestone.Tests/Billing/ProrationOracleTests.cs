using System.Numerics;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>Proration, seats and credit again, slow and obvious: day by day, person by person, in exact fractions.</summary>
[NoDatabase]
public sealed class ProrationOracleTests
{
    private const int Histories = 100_000;
    private static readonly string[] Zones = ["Etc/UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];

    [Fact]
    public void The_example_of_two_seats_on_day_21_comes_to_the_pico()
    {
        var price = BillingWorld.Usd("20");

        Assert.Equal(BillingWorld.Usd("13.333333333333"), Proration.More(price, 10 * 30, 2 * 10, 30));
        Assert.Equal(BillingWorld.Usd("200"), Proration.Part(price, 10 * 30, 30));
    }

    [Fact]
    public void Periods_clamp_to_short_months_and_come_back()
    {
        var anchor = new DateOnly(2028, 1, 31);

        Assert.Equal(["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"], Enumerable.Range(0, 4).Select(n => $"{DayRange.Of(anchor, PlanPeriod.Month, n).Start:yyyy-MM-dd}"));
        Assert.Equal(new DateOnly(2029, 2, 28), DayRange.Of(new DateOnly(2028, 2, 29), PlanPeriod.Year, 0).End);
    }

    [Fact]
    public void Random_changes_of_plans_and_seats_agree_with_a_count_of_days()
    {
        var random = new Random(7);
        for (var i = 0; i < Histories; i++)
        {
            var anchor = new DateOnly(2023 + random.Next(6), 1, 1).AddDays(random.Next(365));
            var period = random.Next(8) == 0 ? PlanPeriod.Year : PlanPeriod.Month;
            var number = random.Next(30);
            var days = DayRange.Of(anchor, period, number);
            Assert.Equal((Slow(anchor, period, number), Slow(anchor, period, number + 1)), (days.Start, days.End));

            var price = new Money((Int128)random.NextInt64(1, 9_000_000_000_000_000), Currency.Usd);
            var (first, second) = (random.Next(1, 60), random.Next(1, 60));
            var day = days.Start.AddDays(random.Next(days.Length));
            var (before, more) = ((long)first * days.Length, (long)second * days.From(day));
            var all = Exact(price, days, d => first + (d >= day ? second : 0));
            Assert.Equal(all, (BigInteger)(Proration.Part(price, before, days.Length) + Proration.More(price, before, more, days.Length)).Picos);
            Assert.Equal(-Exact(price, days, d => d >= day ? 1 : 0), (BigInteger)Proration.Part(-price, days.From(day), days.Length).Picos);
        }
    }

    [Fact]
    public void Random_comings_and_goings_agree_with_a_look_at_every_day()
    {
        var random = new Random(11);
        for (var i = 0; i < Histories / 4; i++)
        {
            var customer = new Customer { Id = Guid.Empty, Currency = Currency.Usd, TimeZone = Zones[i % Zones.Length], Funding = Funding.Postpaid, CreatedAt = DateTimeOffset.UnixEpoch };
            var day = new DateOnly(2026, 3, 1).AddDays(random.Next(300));
            var days = new DayRange(day, day.AddDays(1 + random.Next(6)));
            var start = customer.StartOf(days.Start).AddDays(-2);
            var changes = Enumerable.Range(0, random.Next(1, 12)).Select(n => new SeatChange
            {
                Id = new Guid(n, 0, 0, new byte[8]),
                AccountId = Guid.Empty,
                UserId = new Guid(random.Next(4), 1, 1, new byte[8]),
                IsHeld = random.Next(2) == 0,
                At = start.AddMinutes(n + (random.Next(9) * 1440) + random.Next(1440)),
            }).ToList();

            var shuffled = changes.ToArray();
            random.Shuffle(shuffled);
            var use = new SeatUse(shuffled);

            Assert.Equal(SlowSeatDays(changes, customer, days), use.SeatDays(days, customer.StartOf));
            Assert.Equal(SlowMost(changes, customer.StartOf(days.Start), customer.StartOf(days.End)), use.Most(customer.StartOf(days.Start), customer.StartOf(days.End)));
        }
    }

    [Fact]
    public void Random_draws_agree_with_a_search_for_the_best_grant_each_time()
    {
        var random = new Random(13);
        var now = new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < Histories; i++)
        {
            var models = new[] { new Guid(1, 0, 0, new byte[8]), new Guid(2, 0, 0, new byte[8]) };
            var grants = Enumerable.Range(0, random.Next(6)).Select(_ => new NewGrant(Guid.Empty, (GrantKind)random.Next(5), new Money(random.Next(1, 1000), Currency.Usd), "x")
            {
                ModelIds = random.Next(3) == 0 ? [models[random.Next(2)]] : [],
                ExpiresAt = random.Next(2) == 0 ? now.AddDays(random.Next(-2, 3)) : null,
                Priority = random.Next(2),
            }.At(now.AddMinutes(random.Next(3)))).ToList();
            grants.FindAll(g => g.ExpiresAt <= now).ForEach(g => g.Expire());
            var rows = Enumerable.Range(0, random.Next(1, 4)).Select(n => Row(models[random.Next(2)], random.Next(1, 1500), n)).ToList();
            var time = now.AddDays(random.Next(-3, 1));
            var expected = SlowDraw(grants, rows, time);

            var drawn = Drawing.Draw([.. grants.InOrder()], rows, time, new Money(1_000_000, Currency.Usd));

            Assert.Equal(expected, drawn.Parts.Select(p => (p.Row.Class, p.Grant.Id, (long)p.Amount.Picos)));
            Assert.Equal(rows.Sum(r => r.Amount.Remainder), (long)(drawn.Total + drawn.Rest).Picos);
            Assert.All(grants, g => Assert.True(g.Remaining.Units >= 0 && g.Forfeited.Units >= 0));
        }
    }

    private static DateOnly Slow(DateOnly anchor, PlanPeriod period, int number)
    {
        var months = ((anchor.Year * 12) + anchor.Month - 1) + (number * (period is PlanPeriod.Year ? 12 : 1));
        var (year, month) = (months / 12, (months % 12) + 1);
        var last = new DateOnly(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1).AddDays(-1).Day;
        return new DateOnly(year, month, Math.Min(anchor.Day, last));
    }

    /// <summary>Sum over the days of seats · price / length, rounded once.</summary>
    private static BigInteger Exact(Money price, DayRange days, Func<DateOnly, int> seats)
    {
        var numerator = BigInteger.Zero;
        for (var day = days.Start; day < days.End; day = day.AddDays(1))
        {
            numerator += (BigInteger)price.Picos * seats(day);
        }

        var length = new BigInteger(days.Length);
        var doubled = (2 * numerator) + length;
        var rounded = doubled / (2 * length);
        return doubled % (2 * length) == 0 && !rounded.IsEven ? rounded - 1 : rounded;
    }

    private static bool Holds(List<SeatChange> changes, Guid user, DateTimeOffset at) =>
        changes.Where(c => c.UserId == user && c.At <= at).OrderBy(c => c.At).ThenBy(c => c.Id).LastOrDefault()?.IsHeld ?? false;

    private static long SlowSeatDays(List<SeatChange> changes, Customer customer, DayRange days)
    {
        var sum = 0L;
        for (var day = days.Start; day < days.End; day = day.AddDays(1))
        {
            var (start, end) = (customer.StartOf(day), customer.StartOf(day.AddDays(1)));
            sum += changes.Select(c => c.UserId).Distinct().Count(user => Holds(changes, user, start) || changes.Exists(c => c.UserId == user && c.At > start && c.At < end && Holds(changes, user, c.At)));
        }

        return sum;
    }

    private static long SlowMost(List<SeatChange> changes, DateTimeOffset start, DateTimeOffset end) =>
        changes.Select(c => c.At).Where(at => at > start && at < end).Append(start).Max(at => changes.Select(c => c.UserId).Distinct().LongCount(user => Holds(changes, user, at)));

    private static List<(string Class, Guid GrantId, long Amount)> SlowDraw(List<CreditGrant> grants, List<RatedRow> rows, DateTimeOffset time)
    {
        var left = grants.ToDictionary(g => g.Id, g => g.State is GrantState.Expired ? g.Forfeited.Remainder : g.Remaining.Remainder);
        var draws = new List<(string Class, Guid GrantId, long Amount)>();
        foreach (var row in rows)
        {
            for (var rest = row.Amount.Remainder; rest > 0;)
            {
                CreditGrant? best = null;
                foreach (var grant in grants.Where(g => left[g.Id] > 0 && (g.ExpiresAt is null || time < g.ExpiresAt) && (g.Models.Length == 0 || g.Models == row.ProductId.ToString("N"))))
                {
                    best = best is null || Before(grant, best) ? grant : best;
                }

                if (best is null)
                {
                    break;
                }

                var amount = Math.Min(rest, left[best.Id]);
                draws.Add((row.Class, best.Id, amount));
                (left[best.Id], rest) = (left[best.Id] - amount, rest - amount);
            }
        }

        return draws;
    }

    private static bool Before(CreditGrant one, CreditGrant other)
    {
        var given = (GrantKind kind) => kind is GrantKind.Promo or GrantKind.Plan or GrantKind.Sla ? 0 : 1;
        int[] steps =
        [
            (one.Models.Length == 0).CompareTo(other.Models.Length == 0),
            one.Priority.CompareTo(other.Priority),
            (one.ExpiresAt ?? DateTimeOffset.MaxValue).CompareTo(other.ExpiresAt ?? DateTimeOffset.MaxValue),
            given(one.Kind).CompareTo(given(other.Kind)),
            one.CreatedAt.CompareTo(other.CreatedAt),
            one.Id.CompareTo(other.Id),
        ];
        return Array.Find(steps, s => s != 0) < 0;
    }

    private static RatedRow Row(Guid model, long picos, int number) => new()
    {
        EventId = Guid.Empty,
        Class = $"class{number}",
        AccountId = Guid.Empty,
        SellerId = Guid.Empty,
        ProductId = model,
        Day = new DateOnly(2026, 3, 2),
        PriceVersionId = Guid.Empty,
        Quantity = 1,
        Currency = Currency.Usd,
        List = new Money(picos, Currency.Usd),
        Free = Money.Zero(Currency.Usd),
        Amount = new Money(picos, Currency.Usd),
    };
}
