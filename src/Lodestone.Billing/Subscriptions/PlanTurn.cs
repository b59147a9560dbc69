using System.Globalization;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>One act on an account's plans: what was read for it, and what it charges.</summary>
internal sealed class PlanTurn
{
    private List<SeatChange> _changes = [];
    private SeatUse? _use;

    private PlanTurn(BillingDb db, Customer customer, DateTimeOffset now, CancellationToken cancel) => (Db, Customer, Now, Cancel) = (db, customer, now, cancel);

    public BillingDb Db { get; }

    public Customer Customer { get; }

    public DateTimeOffset Now { get; }

    public CancellationToken Cancel { get; }

    /// <summary>The account's, of all times.</summary>
    public List<PlanSpan> Spans { get; private set; } = [];

    public Dictionary<Guid, Plan> Plans { get; private set; } = [];

    public List<ChargeLine> Lines { get; } = [];

    /// <summary>Only to see what it would cost: nothing is saved.</summary>
    public bool IsPreview { get; private init; }

    public SeatUse Use => _use ??= new SeatUse(_changes);

    public static async Task<PlanTurn> BeginAsync(BillingDb db, Guid accountId, DateTimeOffset now, bool isPreview, CancellationToken cancel) =>
        new(db, await db.CustomerAsync(accountId, now, cancel), now, cancel)
        {
            _changes = await db.SeatChanges.AsNoTracking().Where(c => c.AccountId == accountId).ToListAsync(cancel),
            Spans = await db.PlanSpans.Where(s => s.AccountId == accountId).ToListAsync(cancel),
            Plans = await db.Plans.AsNoTracking().Where(p => db.PlanSpans.Any(s => s.AccountId == accountId && s.PlanId == p.Id)).ToDictionaryAsync(p => p.Id, cancel),
            IsPreview = isPreview,
        };

    /// <summary>Of some people it may never have been told that they came.</summary>
    public void Seat(IEnumerable<Guid> people, DateTimeOffset at)
    {
        var told = people.Select(person => new SeatChange { Id = Guid.CreateVersion7(at), AccountId = Customer.Id, UserId = person, IsHeld = true, At = at, RecordedAt = Now }).ToList();
        Db.SeatChanges.AddRange(told);
        _changes.AddRange(told);
        _use = null;
    }

    public PlanSpan? SpanOf(Subscription subscription) => Spans.Find(s => s.Id == subscription.SpanId);

    public Plan PlanOf(PlanSpan span) => Plans[span.PlanId];

    /// <summary>The first day that the account has not paid for.</summary>
    public DateOnly FreeFrom(string family, DateOnly day) => Spans.Where(s => s.Family == family && !s.IsTrial).Select(s => s.Until).Append(day).Max();

    /// <summary>From a day on the plan holds, to the end of a period: its price, seats and credit for these days.</summary>
    public async Task OpenAsync(Subscription subscription, Plan plan, DayRange period, DateOnly since, DateTimeOffset sinceAt)
    {
        Plans[plan.Id] = plan;
        var span = new PlanSpan
        {
            Id = Guid.CreateVersion7(Now),
            SubscriptionId = subscription.Id,
            AccountId = subscription.AccountId,
            Family = subscription.Family,
            PlanId = plan.Id,
            TimeZone = subscription.TimeZone,
            PeriodStart = period.Start,
            PeriodEnd = period.End,
            Since = since,
            SinceAt = sinceAt,
            Until = period.End,
            IsTrial = subscription.State is SubscriptionState.Trialing,
            CreditSince = since,
            CreditUntil = since,
            CreatedAt = Now,
            SettledAt = Now,
        };
        Db.PlanSpans.Add(span);
        Spans.Add(span);
        (subscription.PlanId, subscription.SpanId) = (plan.Id, span.Id);
        Charge(span, span.Settle(plan, Use, span.Days()));
        await IncludedCredit.GiveAsync(this, span, plan);
    }

    /// <summary>Ends a span before a day: what was paid for that day and those after it is given back, what is paid for afterwards is charged.</summary>
    public async Task CloseAsync(PlanSpan span, DateOnly day)
    {
        var plan = PlanOf(span);
        SettleSeats(span);
        var ahead = new DayRange(day, span.Until);
        (span.Until, span.IsClosed) = (day, true);
        Charge(span, span.Settle(plan, Use, ahead));
        await IncludedCredit.WithdrawAsync(this, span, plan);
    }

    /// <summary>Charges what was told of seats since it was last asked.</summary>
    public void SettleSeats(PlanSpan span)
    {
        var calendar = span.Calendar();
        var end = calendar.StartOf(span.Until);
        var told = _changes.Where(c => c.RecordedAt >= span.SettledAt && c.At < end).Select(c => (DateTimeOffset?)c.At).Min();
        span.SettledAt = Now;
        if (told is { } first)
        {
            var day = calendar.Of(first);
            Charge(span, span.Settle(PlanOf(span), Use, new DayRange(day > span.Since ? day : span.Since, span.Until)));
        }
    }

    public void Charge(PlanSpan span, IEnumerable<ChargeLine> lines)
    {
        var calendar = span.Calendar();
        foreach (var line in lines)
        {
            Lines.Add(line);
            Db.Charges.Add(new Charge
            {
                Id = Guid.CreateVersion7(Now),
                Key = KeyOf(span, ++span.ChargeCount),
                AccountId = span.AccountId,
                Kind = line.Kind,
                Item = line.Item,
                Description = line.Description,
                Quantity = line.Quantity,
                Currency = line.Amount.Currency,
                Amount = line.Amount,
                PeriodStart = calendar.StartOf(line.Days.Start),
                PeriodEnd = calendar.StartOf(line.Days.End),
                OccurredAt = Now,
                RecordedAt = Now,
            });
        }
    }

    public const string KeyPrefix = "span:";

    /// <summary>The span that a charge is of.</summary>
    public static Guid SpanIdOf(string chargeKey) => Guid.ParseExact(chargeKey[KeyPrefix.Length..].Split(':')[0], "N");

    private static string KeyOf(PlanSpan span, long number) => string.Create(CultureInfo.InvariantCulture, $"{KeyPrefix}{span.Id:N}:{number}");
}
