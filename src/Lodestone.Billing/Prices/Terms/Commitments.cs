using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Charges what commitments still lack when their terms have ended, once, after time for late events.</summary>
internal sealed class Commitments(BillingSteps steps, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.commitments";

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);
    private static readonly TimeSpan Grace = TimeSpan.FromHours(12);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await TrueUpAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <returns>How many rows were written.</returns>
    public Task<int> TrueUpAsync(CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var now = clock.GetUtcNow();
            var ended = await db.Terms.AsNoTracking().Where(t => t.Kind == TermKind.Commitment && t.EndsAt < now - Grace).ToListAsync(token);
            var count = 0;
            foreach (var term in ended)
            {
                var key = $"commitment:{term.Id:N}";
                if (!await db.Charges.AnyAsync(c => c.Key == key, token))
                {
                    var used = await db.TermUses.AsNoTracking().Where(u => u.TermId == term.Id).ToListAsync(token);
                    var lacking = term.Shortfall(used.Aggregate((Int128)0, (sum, use) => sum + use.Amount.In(BillingOptions.Currency).Picos));
                    db.Charges.Add(Charge(term, key, lacking, now));
                    count += await db.TrySaveAsync(token) ? 1 : 0; // another server may have been first
                }
            }

            return count;
        },
        cancel);

    // Also where nothing is lacking: then it is done with.
    private static Charge Charge(Term term, string key, Int128 picos, DateTimeOffset now)
    {
        var end = term.EndsAt ?? now;
        return new Charge
        {
            Id = Guid.CreateVersion7(now),
            Key = key,
            AccountId = term.AccountId,
            Kind = ChargeKind.CommitTrueUp,
            Item = "commitment_true_up",
            Description = $"Commitment of {term.Amount.In(BillingOptions.Currency)} {BillingOptions.Currency} from {Instants.ToWire(term.StartsAt)} to {Instants.ToWire(end)}: shortfall",
            Quantity = 1,
            Currency = BillingOptions.Currency,
            Amount = new Money(picos, BillingOptions.Currency),
            PeriodStart = term.StartsAt,
            PeriodEnd = end,
            OccurredAt = end - TimeSpan.FromMicroseconds(1),
            RecordedAt = now,
        };
    }
}
