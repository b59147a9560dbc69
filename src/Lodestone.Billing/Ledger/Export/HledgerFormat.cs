using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>hledger's journal (hledger.org): checked by <c>hledger check --strict</c>.</summary>
internal sealed class HledgerFormat : LedgerFormat
{
    public override string FileName => "ledger.journal";

    public override void Begin(StringBuilder text)
    {
        foreach (var unit in new[] { BillingOptions.Currency, LedgerAccounts.PromoUnit(BillingOptions.Currency) })
        {
            text.Append(CultureInfo.InvariantCulture, $"commodity {Written(new Money(1000 * (Int128)Money.PicosPerUnit, unit))}\n");
        }
    }

    public override void Open(StringBuilder text, LedgerPlace place) =>
        text.Append(CultureInfo.InvariantCulture, $"\naccount {Account(place.Account)}\n");

    public override void Write(StringBuilder text, LedgerTransaction transaction, IEnumerable<Posting> postings)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n{Day(transaction.EffectiveAt)} * {transaction.Kind.ToWire()}  ; id:{TransactionView.IdOf(transaction)}, key:{transaction.Key}\n");
        foreach (var posting in postings)
        {
            text.Append(CultureInfo.InvariantCulture, $"    {Account(posting.Account)}  {Written(posting.Amount.In(posting.Currency))}\n");
        }
    }

    public override void End(StringBuilder text, DateOnly day, IEnumerable<KeyValuePair<LedgerPlace, Money>> balances)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n{Day(day)} * balances\n");
        foreach (var (place, balance) in balances)
        {
            text.Append(CultureInfo.InvariantCulture, $"    {Account(place.Account)}  {Written(Money.Zero(balance.Currency))} = {Written(balance)}\n");
        }
    }

    /// <summary>Units whose names have more than letters are between quotation marks.</summary>
    private static string Written(Money amount) => amount.Currency.Code.All(char.IsAsciiLetter)
        ? Amount(amount)
        : Amount(amount).Replace(amount.Currency.Code, $"\"{amount.Currency.Code}\"", StringComparison.Ordinal);
}
