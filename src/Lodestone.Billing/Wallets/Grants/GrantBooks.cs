using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// How credit is booked. What was bought is owed until it is used. What was given away is no debt: it lowers revenue where it is used,
/// and until then is kept in memo accounts, in a unit of its own.
/// </summary>
internal static class GrantBooks
{
    public static IReadOnlyList<(string Account, Money Amount)> Draw(CreditGrant grant, Money amount) => grant.IsPaid
        ? [(LedgerAccounts.Prepaid(grant.AccountId), amount)]
        : [(Contra(grant), amount), .. Memo(LedgerAccounts.PromoUsed, LedgerAccounts.PromoAvailable(grant.AccountId), amount)];

    /// <summary>What was given away becomes available.</summary>
    public static IReadOnlyList<(string Account, Money Amount)> Issue(CreditGrant grant) =>
        Memo(LedgerAccounts.PromoAvailable(grant.AccountId), LedgerAccounts.PromoIssued, grant.Amount.In(grant.Currency));

    public static IReadOnlyList<(string Account, Money Amount)> Expire(CreditGrant grant, Money rest) => grant.IsPaid
        ? [(LedgerAccounts.Prepaid(grant.AccountId), rest), (LedgerAccounts.Breakage, -rest)]
        : Memo(LedgerAccounts.PromoExpired, LedgerAccounts.PromoAvailable(grant.AccountId), rest);

    /// <summary>What was bought is owed in money from then on; what was given away was never given.</summary>
    public static IReadOnlyList<(string Account, Money Amount)> Withdraw(CreditGrant grant, Money amount) => grant.IsPaid
        ? [(LedgerAccounts.Prepaid(grant.AccountId), amount), (LedgerAccounts.RefundPayable(grant.AccountId), -amount)]
        : Memo(LedgerAccounts.PromoIssued, LedgerAccounts.PromoAvailable(grant.AccountId), amount);

    private static string Contra(CreditGrant grant) => grant.Kind is GrantKind.Sla ? LedgerAccounts.SlaCredit : LedgerAccounts.PromoContra;

    private static (string Account, Money Amount)[] Memo(string debit, string credit, Money amount)
    {
        var memo = new Money(amount.Picos, LedgerAccounts.PromoUnit(amount.Currency));
        return [(debit, memo), (credit, -memo)];
    }
}
