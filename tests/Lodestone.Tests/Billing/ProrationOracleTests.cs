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

        Assert.Equal(BillingWorld.Usd("13.333333333333"), Proration.Difference(price, 10 * 30, (10 * 30) + (2 * 10), 30));
        Assert.Equal(BillingWorld.Usd("200"), Proration.Part(price, 10 * 30, 30));
    }

    [Fact]
    public void Periods_clamp_to_short_months_and_come_back()
    {
        var anchor = new DateOnly(2028, 1, 31);

        Assert.Equal(["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"], Enumerable.Range(0, 4).Select(n => $"{DayRange.Of(anchor, PlanPeriod.Month, n).Start:yyyy-MM-dd}"));
        Assert.Equal(new DateOnly(2029, 2, 28), DayRange.Of(new DateOnly(2028, 2, 29), PlanPeriod.Year, 0).End);
        var random = new Random(5);
        for (var i = 0; i < Histories; i++)
        {
            var (day, period, number) = (new DateOnly(2023, 1, 1).AddDays(random.Next(2200)), random.Next(4) == 0 ? PlanPeriod.Year : PlanPeriod.Month, random.Next(40));
            Assert.Equal(new DayRange(Slow(day, period, number), Slow(day, period, number + 1)), DayRange.Of(day, period, number));
        }
    }

    [Fact]
    public void Random_comings_and_goings_agree_with_a_look_at_every_day()
    {
        var random = new Random(11);
        for (var i = 0; i < Histories / 4; i++)
        {
            var calendar = new LocalDays(Zones[i % Zones.Length]);
            var day = new DateOnly(2026, 3, 1).AddDays(random.Next(300));
            var days = new DayRange(day, day.AddDays(1 + random.Next(6)));
            var changes = Changes(random, calendar.StartOf(days.Start).AddDays(-2), 9);
            var shuffled = changes.ToArray();
            random.Shuffle(shuffled);
            var since = calendar.StartOf(days.Start).AddMinutes(random.Next(3) * 400);

            var seen = new SeatUse(shuffled).Of(days, since, calendar);

            Assert.Equal(SlowSeats(changes, calendar, days, since), seen);
        }
    }

    /// <summary>Plans, changes of plans and cancellations, with people who come and go and news of them in any order: what was charged is what the days say.</summary>
    [Fact]
    public void Random_histories_of_plans_agree_with_a_count_of_days_whatever_was_told_when()
    {
        var random = new Random(7);
        for (var i = 0; i < Histories / 25; i++)
        {
            var calendar = new LocalDays(Zones[i % Zones.Length]);
            var days = DayRange.Of(new DateOnly(2026, 1, 1).AddDays(random.Next(365)), random.Next(12) == 0 ? PlanPeriod.Year : PlanPeriod.Month, 0);
            var changes = Changes(random, calendar.StartOf(days.Start).AddDays(-2), days.Length + 3);
            var told = changes.ToArray();
            random.Shuffle(told);
            var (spans, charged, known) = (new List<(PlanSpan Span, Plan Plan)>(), new Dictionary<Guid, Int128>(), new List<SeatChange>());
            Open(days.Start, calendar.StartOf(days.Start));
            foreach (var news in told)
            {
                known.Add(news);
                spans.ForEach(s => Charge(s.Span, s.Span.Settle(s.Plan, new SeatUse(known), s.Span.Days())));
                if (random.Next(4) == 0 && spans[^1].Span.Until == days.End)
                {
                    var on = spans[^1].Span.Since.AddDays(random.Next(days.End.DayNumber - spans[^1].Span.Since.DayNumber));
                    Close(on);
                    Open(on, calendar.StartOf(on) > spans[^1].Span.SinceAt ? calendar.StartOf(on) : spans[^1].Span.SinceAt);
                }
            }

            Close(random.Next(3) == 0 ? spans[^1].Span.Since.AddDays(random.Next(days.End.DayNumber - spans[^1].Span.Since.DayNumber)) : days.End);
            foreach (var (span, plan) in spans)
            {
                Assert.Equal(SlowPrice(span, plan, changes, calendar), (BigInteger)charged.GetValueOrDefault(span.Id));
                Assert.Equal(charged.GetValueOrDefault(span.Id), span.Charged(plan).Picos);
            }

            void Open(DateOnly since, DateTimeOffset at)
            {
                var plan = SomePlan(random);
                var span = SomeSpan(plan, calendar, days, since, at);
                spans.Add((span, plan));
                Charge(span, span.Settle(plan, new SeatUse(known), span.Days()));
            }

            void Close(DateOnly day)
            {
                var (span, plan) = spans[^1];
                var ahead = new DayRange(day, span.Until);
                (span.Until, span.IsClosed) = (day, true);
                Charge(span, span.Settle(plan, new SeatUse(known), ahead));
            }

            void Charge(PlanSpan span, IEnumerable<ChargeLine> lines) => charged[span.Id] = charged.GetValueOrDefault(span.Id) + lines.Aggregate((Int128)0, (sum, line) => sum + line.Amount.Picos);
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

    private static List<SeatChange> Changes(Random random, DateTimeOffset start, int days) => [.. Enumerable.Range(0, random.Next(1, 12)).Select(n => new SeatChange
    {
        Id = new Guid(n, 0, 0, new byte[8]),
        AccountId = Guid.Empty,
        UserId = new Guid(random.Next(4), 1, 1, new byte[8]),
        IsHeld = random.Next(2) == 0,
        At = start.AddMinutes(n + (random.Next(days) * 1440) + random.Next(1440)),
        RecordedAt = start,
    })];

    private static Plan SomePlan(Random random) => new()
    {
        Id = new Guid(random.Next(), 2, 2, new byte[8]),
        Code = "some",
        Version = 1,
        Name = "Some",
        Family = "hub",
        Period = PlanPeriod.Month,
        Currency = Currency.Usd,
        Base = new Money((Int128)random.NextInt64(0, 9_000_000_000_000_000), Currency.Usd),
        PerSeat = new Money((Int128)random.NextInt64(1, 9_000_000_000_000_000), Currency.Usd),
        SeatMode = (SeatMode)random.Next(4),
        MinSeats = random.Next(1, 3),
        TrialDays = 0,
        IncludedCredit = default,
        RequestsPerMinute = null,
        PrivateStorage = null,
        IsPerSeat = false,
        IsContract = false,
        IsOffered = true,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static PlanSpan SomeSpan(Plan plan, LocalDays calendar, DayRange period, DateOnly since, DateTimeOffset at) => new()
    {
        Id = plan.Id,
        SubscriptionId = Guid.Empty,
        AccountId = Guid.Empty,
        Family = plan.Family,
        PlanId = plan.Id,
        TimeZone = calendar.TimeZone,
        PeriodStart = period.Start,
        PeriodEnd = period.End,
        Since = since,
        SinceAt = at,
        Until = period.End,
        IsTrial = false,
        CreatedAt = at,
        SettledAt = at,
    };

    /// <summary>Each day's seats by what the mode says in words; their part of the price, rounded once.</summary>
    private static BigInteger SlowPrice(PlanSpan span, Plan plan, List<SeatChange> changes, LocalDays calendar)
    {
        var days = new DayRange(span.Since, span.Until);
        var seen = SlowSeats(changes, calendar, days, span.SinceAt);
        var first = Math.Max(plan.MinSeats, HeldAt(changes, span.SinceAt));
        var seats = seen.Select((day, n) => plan.SeatMode switch
        {
            SeatMode.Prorated => Math.Max(first, seen.Take(n + 1).Max(d => d.AtOnce)),
            SeatMode.HighWater => Math.Max(plan.MinSeats, seen.Max(d => d.AtOnce)),
            SeatMode.RenewalSnapshot => first,
            _ => Math.Max(plan.MinSeats, day.People),
        });
        return Rounded((BigInteger)plan.Base.In(plan.Currency).Picos * days.Length, span.Length) + Rounded((BigInteger)plan.PerSeat.In(plan.Currency).Picos * seats.Sum(), span.Length);
    }

    private static BigInteger Rounded(BigInteger numerator, long denominator)
    {
        var doubled = (2 * numerator) + denominator;
        var rounded = doubled / (2 * denominator);
        return doubled % (2 * denominator) == 0 && !rounded.IsEven ? rounded - 1 : rounded;
    }

    private static bool Holds(List<SeatChange> changes, Guid user, DateTimeOffset at) =>
        changes.Where(c => c.UserId == user && c.At <= at).OrderBy(c => c.At).ThenBy(c => c.Id).LastOrDefault()?.IsHeld ?? false;

    private static long HeldAt(List<SeatChange> changes, DateTimeOffset at) => changes.Select(c => c.UserId).Distinct().LongCount(user => Holds(changes, user, at));

    private static List<DaySeats> SlowSeats(List<SeatChange> changes, LocalDays calendar, DayRange days, DateTimeOffset since)
    {
        var seen = new List<DaySeats>();
        for (var day = days.Start; day < days.End; day = day.AddDays(1))
        {
            var (start, end) = (calendar.StartOf(day), calendar.StartOf(day.AddDays(1)));
            start = start < since ? since : start;
            var instants = changes.Select(c => c.At).Where(at => at > start && at < end).Append(start).ToList();
            seen.Add(new DaySeats(
                instants.Max(at => HeldAt(changes, at)),
                changes.Select(c => c.UserId).Distinct().LongCount(user => instants.Exists(at => Holds(changes, user, at)))));
        }

        return seen;
    }

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
