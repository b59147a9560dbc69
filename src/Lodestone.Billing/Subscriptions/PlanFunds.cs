using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Who can pay for a plan: who pays by invoice, whoever has a stored way to pay, and who has bought enough credit. Of the last the credit
/// is set aside at once, as the account's balance that the invoice takes, so that it cannot be spent twice.
/// </summary>
internal static class PlanFunds
{
    private static readonly RefusalCode PaymentRequired = new("payment_required", 402);

    /// <summary>Whether something could be paid that is not charged yet.</summary>
    public static async Task<bool> CanAffordAsync(PlanTurn turn, Money price, bool canPay, InvoiceOptions options)
    {
        if (price.IsZero || turn.Customer.Funding is Funding.Postpaid || canPay)
        {
            return true;
        }

        var wallet = await turn.Db.LockWalletAsync(turn.Customer.Id, turn.Cancel);
        return await NeededAsync(turn, price, options) <= Available(turn, wallet, await BoughtAsync(turn));
    }

    /// <returns>Whether all that is charged can be paid.</returns>
    /// <exception cref="Refusal"><c>payment_required</c>, where it must be.</exception>
    public static async Task<bool> SetAsideAsync(PlanTurn turn, bool canPay, bool isRequired, InvoiceOptions options)
    {
        var needed = turn.Customer.Funding is Funding.Postpaid || canPay || turn.Lines.Count == 0 ? Money.Zero(turn.Customer.Currency) : await NeededAsync(turn, Money.Zero(turn.Customer.Currency), options);
        if (needed.Picos <= 0)
        {
            return true;
        }

        var wallet = await turn.Db.LockWalletAsync(turn.Customer.Id, turn.Cancel);
        var grants = await BoughtAsync(turn);
        var available = Available(turn, wallet, grants);
        if (available >= needed)
        {
            await DrawAsync(turn, wallet, grants, needed);
            return true;
        }

        return isRequired
            ? throw new Refusal(PaymentRequired, $"This costs {MinorUnits.Text(needed)} {needed.Currency} today, and the account has {available} {needed.Currency} of credit that was bought. Top up, or add a payment method.") { HelpPath = "/billing" }
            : false;
    }

    private static Task<List<CreditGrant>> BoughtAsync(PlanTurn turn) => turn.Db.CreditGrants
        .Where(g => g.AccountId == turn.Customer.Id && g.Kind == GrantKind.Paid && g.State == GrantState.Usable && g.Models == "").ToListAsync(turn.Cancel);

    private static Money Available(PlanTurn turn, Wallet wallet, List<CreditGrant> grants) =>
        Money.Min(wallet.Unheld, grants.Aggregate(Money.Zero(wallet.Currency), (sum, grant) => sum + grant.DrawableAt(turn.Now)));

    /// <summary>What is charged and not invoiced yet, with its tax, beyond the account's balance.</summary>
    /// <param name="more">What would be charged besides.</param>
    private static async Task<Money> NeededAsync(PlanTurn turn, Money more, InvoiceOptions options)
    {
        var db = turn.Db;
        var open = await db.Charges.AsNoTracking()
            .Where(c => c.AccountId == turn.Customer.Id && c.Kind != ChargeKind.Credit
                && !db.InvoicedCharges.Any(i => i.Id == c.Id && db.Invoices.Any(v => v.Id == i.InvoiceId && v.Form != null)))
            .ToListAsync(turn.Cancel);
        var added = db.ChangeTracker.Entries<Charge>().Where(e => e.State is EntityState.Added).Select(e => e.Entity);
        var sum = MinorUnits.HalfUp(open.Concat(added).Aggregate(more, (total, charge) => total + charge.Amount.In(charge.Currency)));
        var buyer = FormParty.Of(await db.PartyAsync(turn.Customer.Id, turn.Cancel), "");
        var rules = await db.TaxRulesAsync(buyer.Country, buyer.Region, turn.Now, turn.Cancel);
        var taxes = Taxation.Of([(TaxClasses.Subscription, sum)], buyer, rules, options.AllowUnverifiedTaxIds, sum.Currency);
        return sum + taxes.Charged + await db.LedgerSumAsync(LedgerAccounts.CustomerBalance(turn.Customer.Id), sum.Currency, turn.Cancel); // a balance is negative
    }

    private static async Task DrawAsync(PlanTurn turn, Wallet wallet, IEnumerable<CreditGrant> grants, Money amount)
    {
        var id = Guid.CreateVersion7(turn.Now);
        var rest = amount;
        foreach (var grant in grants.InOrder())
        {
            var part = Money.Min(rest, grant.DrawableAt(turn.Now));
            if (part.Picos > 0)
            {
                grant.Draw(part);
                turn.Db.GrantDraws.Add(new GrantDraw { EventId = id, Class = "plan", GrantId = grant.Id, AccountId = grant.AccountId, Day = Days.Of(turn.Now), Currency = grant.Currency, Amount = part });
                rest -= part;
            }
        }

        wallet.Add(-amount);
        await turn.Db.BookAsync(
            new NewTransaction(
                $"plan-payment:{id:N}", LedgerKind.Payment, turn.Now, [(LedgerAccounts.Prepaid(turn.Customer.Id), amount), (LedgerAccounts.CustomerBalance(turn.Customer.Id), -amount)]),
            turn.Now,
            turn.Cancel);
    }
}
