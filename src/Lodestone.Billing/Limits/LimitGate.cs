using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What a call spends, and as what it counts.</summary>
internal sealed record LimitedCall(Guid AccountId, Guid CallerId, Guid? TokenId, Guid ProductId, DateTimeOffset StartedAt, Currency Currency)
{
    public static LimitedCall Of(CallHold hold, Currency currency) => new(hold.AccountId, hold.CallerId, hold.TokenId, hold.ProductId, hold.StartedAt, currency);
}

/// <summary>
/// Checks and holds every limit of a call, within the transaction that holds its money, after the wallet's lock. Rows of limits are
/// locked in the order of their ids, so that calls of several accounts that meet at one limit wait for each other and never in a ring.
/// </summary>
internal sealed class LimitGate(Statements sql, Database database)
{
    /// <summary>Has all limits hold the amount, or none.</summary>
    /// <exception cref="Refusal"><c>spend_limit</c>, which names the narrowest scope that has no room.</exception>
    public async Task HoldAsync(LimitedCall call, Money amount, CancellationToken cancel)
    {
        var states = await LockAsync(call, cancel);
        if (states.Where(s => s.Refuses(amount)).MinBy(s => (s.Limit.Scope, s.Limit.Id)) is { } full)
        {
            throw full.Refusal(amount, call.StartedAt);
        }

        foreach (var state in states)
        {
            await UpdateAsync(state, state.OwnUsed, state.OwnHeld + amount, cancel);
        }
    }

    /// <summary>Gives what was held back and counts what was spent instead.</summary>
    public async Task SettleAsync(LimitedCall call, Money held, Money spent, CancellationToken cancel)
    {
        foreach (var state in await LockAsync(call, cancel))
        {
            await UpdateAsync(state, state.OwnUsed + spent, state.OwnHeld - held, cancel);
        }
    }

    private async Task<IReadOnlyList<LimitState>> LockAsync(LimitedCall call, CancellationToken cancel)
    {
        var everybody = Guid.Empty;
        var found = await sql.ListAsync(
            $"""
            select l.id, l.account_id, l.scope, l.scope_id, l.scope_name, l.amount_units, l.amount_remainder, l.period, l.kind, l.created_by, c.time_zone
            from billing_spend_limit l left join billing_customer c on c.id = l.account_id
            where l.account_id in ({call.AccountId}, {everybody}) and (l.scope in ('Product', 'Instance')
                or (l.scope = 'Key' and l.scope_id = {call.TokenId ?? everybody}) or (l.scope in ('User', 'ServiceAccount') and l.scope_id = {call.CallerId})
                or (l.scope = 'Organization' and l.scope_id = {call.AccountId}) or (l.scope = 'Model' and l.scope_id = {call.ProductId}))
            order by l.id
            """,
            row => (
                Limit: new SpendLimit
                {
                    Id = row.GetGuid(0),
                    AccountId = row.GetGuid(1),
                    Scope = Enum.Parse<LimitScope>(row.GetString(2)),
                    ScopeId = row.GetGuid(3),
                    ScopeName = row.GetString(4),
                    Currency = call.Currency,
                    Amount = new StoredMoney(row.GetInt64(5), row.GetInt64(6)),
                    Period = Enum.Parse<LimitPeriod>(row.GetString(7)),
                    Kind = Enum.Parse<LimitKind>(row.GetString(8)),
                    CreatedAt = default,
                    CreatedBy = row.GetGuid(9),
                },
                Customer: new Customer { Id = call.AccountId, Currency = call.Currency, TimeZone = row.IsDBNull(10) ? "Etc/UTC" : row.GetString(10), Funding = Funding.Prepaid, CreatedAt = default }),
            cancel);
        var states = new List<LimitState>(found.Count);
        foreach (var (limit, customer) in found)
        {
            states.Add(await LockAsync(limit, customer, customer.DayOf(call.StartedAt), cancel));
        }

        return states;
    }

    private async Task<LimitState> LockAsync(SpendLimit limit, Customer customer, DateOnly day, CancellationToken cancel)
    {
        var (first, start) = (SpendLimit.FirstOf(limit.Period, day), SpendLimit.StartOf(limit.Period, day));
        var uses = await LockUsesAsync(limit, first, cancel);
        if (!uses.Any(u => u.Start == start)) // the first call of the period
        {
            await sql.ExecuteAsync(
                $"""
                insert into billing_limit_use (limit_id, start, used_units, used_remainder, held_units, held_remainder)
                values ({limit.Id}, {start}, 0, 0, 0, 0) on conflict (limit_id, start) do nothing
                """,
                cancel);
            uses = await LockUsesAsync(limit, first, cancel);
        }

        return new LimitState(limit, customer, day, uses);
    }

    private Task<IReadOnlyList<LimitUse>> LockUsesAsync(SpendLimit limit, long first, CancellationToken cancel)
    {
        FormattableString uses = $"select start, used_units, used_remainder, held_units, held_remainder from billing_limit_use where limit_id = {limit.Id} and start >= {first} order by start";
        FormattableString locked = $"select start, used_units, used_remainder, held_units, held_remainder from billing_limit_use where limit_id = {limit.Id} and start >= {first} order by start for update";
        return sql.ListAsync(
            database.IsPostgres ? locked : uses,
            row => new LimitUse { LimitId = limit.Id, Start = row.GetInt64(0), Used = new StoredMoney(row.GetInt64(1), row.GetInt64(2)), Held = new StoredMoney(row.GetInt64(3), row.GetInt64(4)) },
            cancel);
    }

    private Task<int> UpdateAsync(LimitState state, StoredMoney used, StoredMoney held, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        update billing_limit_use set used_units = {used.Units}, used_remainder = {used.Remainder}, held_units = {held.Units}, held_remainder = {held.Remainder}
        where limit_id = {state.Limit.Id} and start = {state.Start}
        """,
        cancel);
}

/// <summary>A limit on a day, with what was spent of it.</summary>
internal sealed record LimitState(SpendLimit Limit, Customer Customer, DateOnly Day, IReadOnlyList<LimitUse> Uses)
{
    private static readonly RefusalCode SpendLimitCode = new("spend_limit", 402);

    public long Start => SpendLimit.StartOf(Limit.Period, Day);

    public Money Amount => Limit.Amount.In(Limit.Currency);

    public Money Used => Uses.Aggregate(Money.Zero(Limit.Currency), (sum, use) => sum + use.Used.In(Limit.Currency));

    public Money Held => Uses.Aggregate(Money.Zero(Limit.Currency), (sum, use) => sum + use.Held.In(Limit.Currency));

    /// <summary>Of the period that has begun last.</summary>
    public Money OwnUsed => Own?.Used.In(Limit.Currency) ?? Money.Zero(Limit.Currency);

    public Money OwnHeld => Own?.Held.In(Limit.Currency) ?? Money.Zero(Limit.Currency);

    /// <summary>When there is more to spend; null: never by itself.</summary>
    public DateTimeOffset? ResetsAt => SpendLimit.NextOf(Limit.Period, Day) is { } next ? Customer.StartOf(next) : null;

    private LimitUse? Own => Uses.FirstOrDefault(u => u.Start == Start);

    public bool Refuses(Money more) => Limit.Kind is LimitKind.Hard && (Amount.IsZero || Used + Held + more > Amount);

    public Refusal Refusal(Money more, DateTimeOffset now)
    {
        var scope = Limit.Scope.ToWire();
        var period = Limit.Period.ToWire();
        var until = ResetsAt is { } at ? $" until {at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)}" : "";
        return new Refusal(SpendLimitCode, $"The {period} limit of the {scope} {Limit.ScopeName} is reached: {Used} of {Amount} {Limit.Currency} is spent and {Held} held{until}, and this call may cost up to {more} {Limit.Currency}. Raise the limit, or ask for fewer tokens.")
        {
            HelpPath = "/billing/limits",
            RetryAfter = ResetsAt - now,
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["x-should-retry"] = "false" },
            Details = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["scope"] = scope,
                ["scope_name"] = Limit.ScopeName,
                ["period"] = period,
                ["limit"] = Amount.ToString(),
                ["used"] = Used.ToString(),
                ["held"] = Held.ToString(),
                ["required"] = more.ToString(),
                ["currency"] = Limit.Currency.Code,
                ["resets_at"] = ResetsAt is { } next ? Instants.ToWire(next) : null,
            },
        };
    }
}
