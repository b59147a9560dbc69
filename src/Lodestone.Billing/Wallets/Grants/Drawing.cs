using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What one grant paid of one rated row. Written once, never changed; what is given back is negative.</summary>
internal sealed class GrantDraw
{
    public required Guid EventId { get; init; }

    public required string Class { get; init; }

    public required Guid GrantId { get; init; }

    public required Guid AccountId { get; init; }

    public required DateOnly Day { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public static GrantDraw Of(RatedRow row, CreditGrant grant, Money amount) => new()
    {
        EventId = row.EventId,
        Class = row.Class,
        GrantId = grant.Id,
        AccountId = row.AccountId,
        Day = row.Day,
        Currency = row.Currency,
        Amount = amount,
    };
}

/// <summary>Which credit pays for what, and in which order.</summary>
internal static class Drawing
{
    /// <summary>Scoped before general, lower priority, earlier expiry, what was given before what was bought, earlier creation, id.</summary>
    public static IOrderedEnumerable<CreditGrant> InOrder(this IEnumerable<CreditGrant> grants) => grants
        .OrderBy(g => !g.IsScoped)
        .ThenBy(g => g.Priority)
        .ThenBy(g => g.ExpiresAt ?? DateTimeOffset.MaxValue)
        .ThenBy(g => g.Kind is GrantKind.Paid or GrantKind.Adjustment)
        .ThenBy(g => g.CreatedAt)
        .ThenBy(g => g.Id);

    /// <summary>Draws on the grants, which are in their order, for rows of one event.</summary>
    /// <param name="time">Of the event.</param>
    /// <param name="general">The most that grants which pay for everything may give: the rest of them is promised to running calls.</param>
    public static Drawn Draw(IReadOnlyList<CreditGrant> grants, IReadOnlyList<RatedRow> rows, DateTimeOffset time, Money general)
    {
        var zero = Money.Zero(general.Currency);
        var drawn = new Drawn([], zero, zero);
        foreach (var row in rows)
        {
            var rest = row.Amount.In(row.Currency);
            foreach (var grant in grants.Where(g => g.Covers(row.ProductId)))
            {
                var isOfBalance = grant is { IsScoped: false, State: GrantState.Usable };
                var most = isOfBalance ? Money.Min(general - drawn.FromBalance, grant.DrawableAt(time)) : grant.DrawableAt(time);
                var amount = Money.Min(rest, most);
                if (amount <= zero)
                {
                    continue;
                }

                grant.Draw(amount);
                drawn.Parts.Add(new DrawnPart(grant, GrantDraw.Of(row, grant, amount), amount));
                drawn = drawn with { FromBalance = drawn.FromBalance + (isOfBalance ? amount : zero) };
                rest -= amount;
            }

            drawn = drawn with { Rest = drawn.Rest + rest };
        }

        return drawn;
    }
}

/// <param name="Parts">In the order in which they were drawn.</param>
/// <param name="FromBalance">What of them the wallet's balance had in it.</param>
/// <param name="Rest">What no grant paid.</param>
internal sealed record Drawn(List<DrawnPart> Parts, Money FromBalance, Money Rest)
{
    public Money Total => Parts.Aggregate(Money.Zero(Rest.Currency), (sum, part) => sum + part.Amount);

    /// <summary>What has to be booked, the usage itself last: what was forfeited and is drawn after all stops being ours first.</summary>
    /// <param name="time">Of the event.</param>
    public IEnumerable<NewTransaction> Transactions(Guid accountId, Guid eventId, DateTimeOffset time)
    {
        foreach (var part in Parts.Where(p => p.Grant.State is GrantState.Expired))
        {
            yield return new NewTransaction($"revival:{eventId:N}:{part.Row.Class}:{part.Grant.Id:N}", LedgerKind.Breakage, time, GrantBooks.Expire(part.Grant, -part.Amount));
        }

        var lines = Parts.SelectMany(p => GrantBooks.Draw(p.Grant, p.Amount)).Append((LedgerAccounts.Unbilled(accountId), Rest)).Append((LedgerAccounts.InferenceRevenue, -(Total + Rest)));
        yield return new NewTransaction(LedgerTransaction.UsageKey(eventId), LedgerKind.Usage, time, Gathered(lines));
    }

    private static List<(string Account, Money Amount)> Gathered(IEnumerable<(string Account, Money Amount)> lines) =>
        [.. lines.GroupBy(l => (l.Account, l.Amount.Currency), (key, some) => (key.Account, Amount: some.Aggregate(Money.Zero(key.Currency), (sum, line) => sum + line.Amount))).Where(l => !l.Amount.IsZero)];
}

/// <param name="Grant">As it is after the draw.</param>
/// <param name="Amount">Negative where it is given back.</param>
internal sealed record DrawnPart(CreditGrant Grant, GrantDraw Row, Money Amount);
