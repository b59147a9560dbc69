using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Beancount's language (beancount.github.io): checked by <c>bean-check</c>.</summary>
internal sealed class BeancountFormat : LedgerFormat
{
    // Accounts are opened before anything was booked, whenever that was.
    private static readonly DateOnly Dawn = DateOnly.FromDateTime(DateTime.UnixEpoch);

    public override string FileName => "ledger.beancount";

    public override void Begin(StringBuilder text) => text.Append("option \"title\" \"Lodestone\"\n");

    public override void Open(StringBuilder text, LedgerPlace place) =>
        text.Append(CultureInfo.InvariantCulture, $"\n{Day(Dawn)} open {Account(place.Account)}\n");

    public override void Write(StringBuilder text, LedgerTransaction transaction, IEnumerable<Posting> postings)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n{Day(transaction.EffectiveAt)} * \"{transaction.Kind.ToWire()}\"\n");
        text.Append(CultureInfo.InvariantCulture, $"  id: \"{TransactionView.IdOf(transaction)}\"\n  key: \"{transaction.Key}\"\n");
        foreach (var posting in postings)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {Account(posting.Account)}  {Amount(posting.Amount.In(posting.Currency))}\n");
        }
    }

    public override void End(StringBuilder text, DateOnly day, IEnumerable<KeyValuePair<LedgerPlace, Money>> balances)
    {
        text.Append('\n');
        foreach (var (place, balance) in balances)
        {
            // The tolerance is said, since the one that is assumed is two of the last place.
            text.Append(CultureInfo.InvariantCulture, $"{Day(day)} balance {Account(place.Account)}  {Amount(balance).Replace(" ", " ~ 0 ", StringComparison.Ordinal)}\n");
        }
    }
}
