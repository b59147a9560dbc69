using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Billing;

/// <summary>Accounts that ever paid, used or owed something, with what they have and owe.</summary>
internal sealed class CustomerBook(BillingSteps steps, IServiceScopeFactory scopes, Refunds refunds, Disputes disputes, Indulgence indulgence, TimeProvider clock)
{
    private static readonly RefusalCode UnknownStanding = new("unknown_standing", 422);

    /// <summary>A standing by its name on the wire; null for all.</summary>
    /// <exception cref="Refusal"><c>unknown_standing</c>.</exception>
    public static Standing? Named(string? standing)
    {
        if (string.IsNullOrEmpty(standing))
        {
            return null;
        }

        var all = Enum.GetValues<Standing>();
        var at = Array.FindIndex(all, s => s.ToWire() == standing);
        return at >= 0 ? all[at] : throw new Refusal(UnknownStanding, $"\"standing\" must be one of [{string.Join(", ", all.Select(s => s.ToWire()))}].") { Param = "standing" };
    }

    /// <summary>The newest accounts first.</summary>
    public async Task<List<CustomerSummary>> ListAsync(Caller administrator, Standing? standing, Guid? before, int limit, CancellationToken cancel)
    {
        administrator.Administrator();
        var accountIds = await steps.ReadAsync(db => db.Wallets.Select(w => w.Id).Union(db.BilledAccounts.Select(a => a.Id)).Union(db.Customers.Select(c => c.Id))
            .Where(id => before == null || id < before)
            .Where(id => standing == null || (standing == Standing.Current ? !db.BilledAccounts.Any(a => a.Id == id && a.Standing != Standing.Current) : db.BilledAccounts.Any(a => a.Id == id && a.Standing == standing)))
            .OrderByDescending(id => id).Take(limit).ToListAsync(cancel));
        return await SummariesAsync(accountIds, await NamesAsync(accountIds, cancel), cancel);
    }

    public async Task<CustomerFile> FindAsync(Namespace account, CancellationToken cancel)
    {
        var summary = (await SummariesAsync([account.Id], new Dictionary<Guid, string> { [account.Id] = account.Name }, cancel))[0];
        return new CustomerFile(summary, await refunds.OfAsync(account.Id, cancel), await disputes.OfAsync(account.Id, cancel), await indulgence.ActsAsync(account.Id, cancel));
    }

    private Task<List<CustomerSummary>> SummariesAsync(List<Guid> accountIds, IReadOnlyDictionary<Guid, string> names, CancellationToken cancel) => steps.ReadAsync(async db =>
    {
        var now = clock.GetUtcNow();
        var wallets = await db.Wallets.AsNoTracking().Where(w => accountIds.Contains(w.Id)).ToDictionaryAsync(w => w.Id, cancel);
        var billed = await db.BilledAccounts.AsNoTracking().Where(a => accountIds.Contains(a.Id)).ToDictionaryAsync(a => a.Id, cancel);
        var methods = await db.PaymentMethods.Kept().AsNoTracking().Where(m => accountIds.Contains(m.AccountId) && m.IsDefault).ToDictionaryAsync(m => m.AccountId, cancel);
        var open = (await db.Invoices.AsNoTracking()
            .Where(i => accountIds.Contains(i.AccountId) && (i.State == InvoiceState.Issued || i.State == InvoiceState.PartiallyPaid || i.State == InvoiceState.Disputed)).ToListAsync(cancel)).ToLookup(i => i.AccountId);
        var zero = Money.Zero(BillingOptions.Currency);
        return accountIds.ConvertAll(id =>
        {
            var (account, overdue) = (billed.GetValueOrDefault(id), open[id].Where(i => i.Open.Picos > 0 && i.DueAt <= now).ToList());
            return new CustomerSummary(id, names.GetValueOrDefault(id, id.ToString("N")), account?.Standing ?? Standing.Current)
            {
                Balance = wallets.GetValueOrDefault(id) is { } wallet ? wallet.Balance.In(wallet.Currency) : zero,
                Receivable = open[id].Aggregate(zero, (sum, i) => sum + i.Open),
                Overdue = overdue.Aggregate(zero, (sum, i) => sum + i.Open),
                OverdueSince = overdue.Min(i => i.DueAt),
                IsExempt = account?.IsExempt is true,
                PausedUntil = account?.PausedUntil > now ? account.PausedUntil : null,
                PromisedUntil = account?.PromisedUntil > now ? account.PromisedUntil : null,
                Method = methods.GetValueOrDefault(id)?.Title,
            };
        });
    });

    private async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(List<Guid> accountIds, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        return (await scope.ServiceProvider.GetRequiredService<Namespaces>().ByIdAsync(accountIds, cancel)).ToDictionary(n => n.Key, n => n.Value.Name);
    }
}

/// <summary>An account, with what it has and owes.</summary>
internal sealed record CustomerSummary(Guid Id, string Name, Standing Standing)
{
    public required Money Balance { get; init; }

    /// <summary>Open on issued invoices.</summary>
    public required Money Receivable { get; init; }

    /// <summary>What of it is past its day.</summary>
    public required Money Overdue { get; init; }

    public DateTimeOffset? OverdueSince { get; init; }

    public bool IsExempt { get; init; }

    public DateTimeOffset? PausedUntil { get; init; }

    public DateTimeOffset? PromisedUntil { get; init; }

    /// <summary>What it is charged with; null where it gave nothing.</summary>
    public string? Method { get; init; }
}

/// <summary>All that is known of an account's payments.</summary>
internal sealed record CustomerFile(CustomerSummary Summary, IReadOnlyList<Refund> Refunds, IReadOnlyList<Dispute> Disputes, IReadOnlyList<CustomerAct> Acts);
