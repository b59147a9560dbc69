using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Tops accounts up by what they have given to pay with, where they wished it: one payment at a time, up to a sum in a month.</summary>
internal sealed class AutoTopUps(BillingSteps steps, TopUps topUps, PaymentMethods methods, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.auto-top-ups";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly RefusalCode NoMethod = new("no_payment_method", 409);
    private static readonly RefusalCode AmountOutOfRange = new("amount_out_of_range", 422);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var next = clock.GetUtcNow() + Every; // from its begin: what comes due while it runs is not left for longer
        foreach (var accountId in await LowAsync(cancel))
        {
            await TopUpAsync(accountId, cancel);
        }

        return next;
    }

    public Task<AutoTopUp?> FindAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.AutoTopUps.AsNoTracking().SingleOrDefaultAsync(a => a.Id == accountId, cancel));

    /// <exception cref="Refusal"><c>amount_out_of_range</c>; <c>no_payment_method</c>: there is nothing to charge.</exception>
    public async Task<AutoTopUp> SetAsync(Namespace account, NewAutoTopUp wanted, Caller caller, CancellationToken cancel)
    {
        TopUps.CheckAmount(wanted.Amount);
        if (wanted.Threshold.Picos < 0 || wanted.MonthlyCap < wanted.Amount)
        {
            throw new Refusal(AmountOutOfRange, wanted.Threshold.Picos < 0 ? "\"threshold\" is 0 at least." : "\"monthlyCap\" is as much as \"amount\" at least.") { Param = wanted.Threshold.Picos < 0 ? "threshold" : "monthlyCap" };
        }

        if (!await methods.CanPayAsync(account.Id, cancel))
        {
            throw new Refusal(NoMethod, "The account has nothing to pay with yet. Add a payment method first.") { HelpPath = "/billing" };
        }

        return await steps.WriteAsync(
            async (db, token) =>
            {
                var row = await db.AutoTopUps.SingleOrDefaultAsync(a => a.Id == account.Id, token);
                if (row is null)
                {
                    row = new AutoTopUp { Id = account.Id, AccountName = account.Name, Currency = wanted.Amount.Currency, Threshold = wanted.Threshold, Amount = wanted.Amount, MonthlyCap = wanted.MonthlyCap, SetBy = caller.Id };
                    db.AutoTopUps.Add(row);
                }

                row.AccountName = account.Name;
                row.Set(wanted.Threshold, wanted.Amount, wanted.MonthlyCap, caller.Id, clock.GetUtcNow());
                await db.SaveChangesAsync(token);
                return row;
            },
            cancel);
    }

    public Task<int> RemoveAsync(Guid accountId, CancellationToken cancel) => steps.WriteAsync((db, token) => db.AutoTopUps.Where(a => a.Id == accountId).ExecuteDeleteAsync(token), cancel);

    private async Task<List<Guid>> LowAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var rows = await steps.ReadAsync(db => db.AutoTopUps.AsNoTracking().Where(a => a.NotBefore <= now)
            .Select(a => new { Row = a, Wallet = db.Wallets.FirstOrDefault(w => w.Id == a.Id) }).ToListAsync(cancel));
        return [.. rows.Where(r => r.Wallet is null || r.Wallet.Available < r.Row.Threshold.In(r.Row.Currency)).Select(r => r.Row.Id)];
    }

    private async Task TopUpAsync(Guid accountId, CancellationToken cancel)
    {
        var method = await methods.DefaultAsync(accountId, cancel);
        if (await steps.WriteAsync((db, token) => DecideAsync(db, accountId, method, token), cancel) is not { } due || method is null)
        {
            return;
        }

        await topUps.BeginAsync(new NewTopUp(accountId, due.AccountName, due.Amount.In(due.Currency), method.Provider) { IsUnattended = true }, due.SetBy, cancel);
        await steps.WriteAsync((db, token) => CountAsync(db, accountId, token), cancel);
    }

    /// <returns>What to charge; null where nothing is to be charged now.</returns>
    private async Task<AutoTopUp?> DecideAsync(BillingDb db, Guid accountId, PaymentMethod? method, CancellationToken cancel)
    {
        var (now, wallet) = (clock.GetUtcNow(), await db.LockWalletAsync(accountId, cancel));
        if (await CountAsync(db, accountId, cancel) is not { IsUnderWay: false, Row: { } row } || row.NotBefore > now || wallet.Available >= row.Threshold.In(row.Currency))
        {
            return null;
        }

        if (method is null)
        {
            row.Fail(now);
            await TellAsync(db, row, $"auto-top-up:{accountId:N}:{now:yyyy-MM-dd}", "The balance is low and there is no payment method to top it up with", cancel);
            return null;
        }

        var customer = await db.CustomerAsync(accountId, now, cancel);
        var month = Days.Month(customer.DayOf(now));
        var start = customer.StartOf(month);
        var spent = (await db.TopUps.AsNoTracking().Where(t => t.AccountId == accountId && t.IsUnattended && t.CreatedAt >= start && t.State != TopUpState.Failed).ToListAsync(cancel))
            .Aggregate(row.Amount.In(row.Currency), (sum, topUp) => sum + topUp.Money);
        if (spent > row.MonthlyCap.In(row.Currency))
        {
            await TellAsync(db, row, string.Create(CultureInfo.InvariantCulture, $"auto-top-up-cap:{accountId:N}:{month:yyyy-MM}"), $"The balance is low, and automatic top-ups have reached their {row.MonthlyCap.In(row.Currency)} {row.Currency} of this month", cancel);
            return null;
        }

        return row;
    }

    /// <summary>Takes down how the last one has ended, once.</summary>
    private static async Task<(AutoTopUp? Row, bool IsUnderWay)> CountAsync(BillingDb db, Guid accountId, CancellationToken cancel)
    {
        var row = await db.AutoTopUps.SingleOrDefaultAsync(a => a.Id == accountId, cancel);
        var last = await db.TopUps.AsNoTracking().Where(t => t.AccountId == accountId && t.IsUnattended).OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id).FirstOrDefaultAsync(cancel);
        if (row is null || last is null || last.Id == row.CountedTopUpId)
        {
            return (row, false);
        }

        if (!last.IsFinal)
        {
            return (row, true);
        }

        row.Count(last);
        if (last.State is TopUpState.Failed)
        {
            await TellAsync(db, row, $"top-up-failed:{last.Id:N}", $"An automatic top-up of {last.Money} {last.Currency} failed", cancel);
        }

        await db.SaveChangesAsync(cancel);
        return (row, false);
    }

    private static async Task TellAsync(BillingDb db, AutoTopUp row, string key, string title, CancellationToken cancel)
    {
        await Alerts.RaiseAsync(db, new NewAlert(row.Id, AlertKind.Payment, key, title, $"/billing?account={Uri.EscapeDataString(row.AccountName)}"), cancel);
        await db.SaveChangesAsync(cancel);
    }
}

/// <param name="Threshold">0 at least.</param>
/// <param name="Amount">As of any top-up.</param>
/// <param name="MonthlyCap">As much as one of them at least.</param>
internal sealed record NewAutoTopUp(Money Threshold, Money Amount, Money MonthlyCap);
