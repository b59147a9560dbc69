using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>A rule to keep.</summary>
/// <param name="LimitId">That it is about; null: all that the account spends.</param>
/// <param name="Percents">Of the limit.</param>
internal sealed record WantedRule(Guid AccountId, AlertKind Kind, Guid? LimitId, IReadOnlyList<int> Percents, Money Floor);

/// <summary>What accounts asked to be told of.</summary>
internal sealed class AlertRules(BillingSteps steps, TimeProvider clock)
{
    private const int MostMarks = 20;
    private const int HighestMark = 1000;

    public Task<List<AlertRule>> OfAsync(Guid accountId, CancellationToken cancel) =>
        steps.ReadAsync(db => db.AlertRules.AsNoTracking().Where(r => r.AccountId == accountId).OrderBy(r => r.Id).ToListAsync(cancel));

    /// <summary>In place of the one of its kind for the same limit.</summary>
    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public Task<AlertRule> SetAsync(WantedRule wanted, Caller caller, CancellationToken cancel)
    {
        var marks = Marks(wanted);
        return steps.WriteAsync(
            async (db, token) =>
            {
                await db.AlertRules.Where(r => r.AccountId == wanted.AccountId && r.Kind == wanted.Kind && r.LimitId == wanted.LimitId).ExecuteDeleteAsync(token);
                var now = clock.GetUtcNow();
                var rule = new AlertRule
                {
                    Id = Guid.CreateVersion7(now),
                    AccountId = wanted.AccountId,
                    Kind = wanted.Kind,
                    LimitId = wanted.LimitId,
                    Marks = marks,
                    Currency = wanted.Floor.Currency,
                    Floor = wanted.Floor,
                    CreatedAt = now,
                    CreatedBy = caller.Id,
                };
                db.AlertRules.Add(rule);
                await db.SaveChangesAsync(token);
                return rule;
            },
            cancel);
    }

    public Task<AlertRule?> FindAsync(Guid id, CancellationToken cancel) => steps.ReadAsync(db => db.AlertRules.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancel));

    public Task<int> RemoveAsync(Guid id, CancellationToken cancel) => steps.WriteAsync((db, token) => db.AlertRules.Where(r => r.Id == id).ExecuteDeleteAsync(token), cancel);

    private static string Marks(WantedRule wanted)
    {
        if (wanted.Percents.Count > MostMarks || wanted.Percents.Any(p => p is < 1 or > HighestMark))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Give at most {MostMarks} whole percentages from 1 to {HighestMark}; none at all tells nothing.") { Param = "percents" };
        }

        return string.Join(',', wanted.Percents.Distinct().Order().Select(p => p.ToString(CultureInfo.InvariantCulture)));
    }
}
