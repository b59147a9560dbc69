using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What must be equal between invoices, payments and the ledger.</summary>
internal static class InvoiceChecks
{
    private static Money Zero => Money.Zero(BillingOptions.Currency);

    public static async Task<IReadOnlyList<ConservationCheck>> RunAsync(BillingDb db, TrialBalanceReport balance, CancellationToken cancel) =>
        [await RoundingAsync(db, cancel), await ReceivableAsync(db, balance, cancel), await ArrivedAsync(db, cancel), await ChainAsync(db, cancel)];

    private static async Task<ConservationCheck> RoundingAsync(BillingDb db, CancellationToken cancel)
    {
        var (exact, asked, agree) = (Zero, Zero, true);
        await foreach (var canonical in db.Invoices.AsNoTracking().Where(i => i.Form != null).Select(i => i.Form!).AsAsyncEnumerable().WithCancellation(cancel)) // asked for in the query
        {
            var form = InvoiceForm.Parse(canonical);
            var left = Read(form.Exact) + Read(form.CarryIn);
            var right = form.Lines.Aggregate(Read(form.CarryOut), (sum, line) => sum + Read(line.Amount));
            (exact, asked, agree) = (exact + left, asked + right, agree && left == right);
        }

        return new ConservationCheck("Rounding loses nothing: what invoices leave is carried", $"exact and carried in: {exact}", $"asked for and carried out: {asked}", agree);
    }

    private static async Task<ConservationCheck> ReceivableAsync(BillingDb db, TrialBalanceReport balance, CancellationToken cancel)
    {
        var open = (await db.Invoices.AsNoTracking().Where(i => i.Form != null && i.State != InvoiceState.Void && i.State != InvoiceState.Paid && i.State != InvoiceState.Uncollectible).ToListAsync(cancel))
            .GroupBy(i => LedgerAccounts.Receivable(i.AccountId)).ToDictionary(g => g.Key, g => g.Aggregate(Zero, (sum, i) => sum + i.Remainder), StringComparer.Ordinal);
        var booked = balance.Lines.Where(l => l.Account.StartsWith(LedgerAccounts.ReceivablePrefix, StringComparison.Ordinal)).ToDictionary(l => l.Account, l => l.Balance, StringComparer.Ordinal);
        var agree = open.Keys.Union(booked.Keys, StringComparer.Ordinal).All(a => open.GetValueOrDefault(a, Zero) == booked.GetValueOrDefault(a, Zero));
        return new ConservationCheck("What is open on invoices is what is receivable, account by account", $"open: {Sum(open.Values)}", $"receivable: {Sum(booked.Values)}", agree);
    }

    private static async Task<ConservationCheck> ArrivedAsync(BillingDb db, CancellationToken cancel)
    {
        var paid = Sum((await db.TopUps.AsNoTracking().Where(t => t.State == TopUpState.Succeeded).ToListAsync(cancel)).Select(t => t.Money))
            + Sum((await db.PaymentAttempts.AsNoTracking().Where(a => a.State == TopUpState.Succeeded).ToListAsync(cancel)).Select(a => a.Amount.In(a.Currency)));
        var arrived = await db.Postings.AsNoTracking()
            .Where(p => (p.Account == LedgerAccounts.Bank || p.Account.StartsWith(LedgerAccounts.ClearingPrefix))
                && db.LedgerTransactions.Any(t => t.Id == p.TransactionId && (t.Kind == LedgerKind.TopUp || t.Kind == LedgerKind.Payment)))
            .ToListAsync(cancel);
        var booked = Sum(arrived.Select(p => p.Amount.In(p.Currency)));
        return new ConservationCheck("What providers settled has arrived", $"payments: {paid}", $"clearing and bank: {booked}", paid == booked);
    }

    private static async Task<ConservationCheck> ChainAsync(BillingDb db, CancellationToken cancel)
    {
        var chain = await LedgerChain.VerifyAsync(db, cancel);
        return new ConservationCheck("The ledger is as its chain says", $"links: {chain.Links.ToString(CultureInfo.InvariantCulture)}", chain.IsWhole ? "all fit" : "the next does not fit", chain.IsWhole);
    }

    private static Money Read(string amount) => Money.TryParse(amount, BillingOptions.Currency, out var money) ? money : throw new InvalidOperationException($"'{amount}' on an issued invoice is no amount.");

    private static Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(Zero, (sum, amount) => sum + amount);
}
