using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Turns each local day of what was paid in advance into revenue when it has come.</summary>
internal sealed class Recognition(BillingSteps steps, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.recognition";

    private const int Batch = 100;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await RecognizeAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    public async Task RecognizeAsync(CancellationToken cancel)
    {
        var seen = Guid.Empty;
        while (true)
        {
            var open = await steps.ReadAsync(db => db.Deferrals.AsNoTracking().Where(d => d.Recognized < d.Days && d.Id > seen).OrderBy(d => d.Id).Take(Batch).ToListAsync(cancel));
            foreach (var deferral in open)
            {
                await steps.WriteAsync((db, token) => RecognizeAsync(db, deferral.Id, token), cancel);
                seen = deferral.Id;
            }

            if (open.Count < Batch)
            {
                return;
            }
        }
    }

    private async Task<int> RecognizeAsync(BillingDb db, Guid deferralId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await db.LockAsync<Deferral>(deferralId, cancel);
        var deferral = await db.Deferrals.SingleAsync(d => d.Id == deferralId, cancel);
        var customer = await db.CustomerAsync(deferral.AccountId, now, cancel);
        var due = Math.Min(deferral.Days, customer.DayOf(now).DayNumber - deferral.StartsOn.DayNumber + 1);
        for (var day = deferral.Recognized; day < due; day++)
        {
            var part = deferral.Through(day + 1) - deferral.Through(day);
            var date = deferral.StartsOn.AddDays((int)day);
            var at = customer.StartOf(date);
            await db.BookAsync(
                new NewTransaction(
                    string.Create(CultureInfo.InvariantCulture, $"recognized:{deferral.Id:N}:{date:yyyy-MM-dd}"),
                    LedgerKind.Recognition,
                    at,
                    [(LedgerAccounts.DeferredSubscription(deferral.AccountId), part), (LedgerAccounts.SubscriptionRevenue, -part)]),
                now,
                cancel);
        }

        deferral.Recognized = Math.Max(deferral.Recognized, due);
        return await db.SaveChangesAsync(cancel);
    }
}
