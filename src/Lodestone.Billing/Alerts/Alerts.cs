using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Alerts being raised, and seen afterwards.</summary>
internal sealed class Alerts(BillingSteps steps)
{
    /// <summary>
    /// In the caller's transaction, which saves. The row comes first and the announcement with it, so that an alert is told once however
    /// often, and by however many servers, it is raised.
    /// </summary>
    /// <returns>Whether it is new.</returns>
    public static async Task<bool> RaiseAsync(BillingDb db, NewAlert alert, CancellationToken cancel)
    {
        var (now, kind) = (db.Now, alert.Kind.ToString());
        var id = Guid.CreateVersion7(now);
        var isNew = await db.Database.ExecuteSqlAsync(
            $"""
            insert into billing_alert (id, key, account_id, kind, title, href, raised_at)
            values ({id}, {alert.Key}, {alert.AccountId}, {kind}, {alert.Title}, {alert.Href}, {db.Instant(now)})
            on conflict (key) do nothing
            """,
            cancel) == 1;
        if (isNew)
        {
            db.Publish(new AlertRaised(id, alert.AccountId, alert.Title, alert.Href));
        }

        return isNew;
    }

    /// <summary>The last ones of an account first.</summary>
    public Task<List<Alert>> OfAsync(Guid accountId, Guid? before, int limit, CancellationToken cancel) => steps.ReadAsync(db => db.Alerts.AsNoTracking()
        .Where(a => a.AccountId == accountId && (before == null || a.Id < before)).OrderByDescending(a => a.Id).Take(limit).ToListAsync(cancel));
}
