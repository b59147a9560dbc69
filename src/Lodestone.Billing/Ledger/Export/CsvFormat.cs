using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>One line for each posting, with our own account names. No name or key of ours needs quotes.</summary>
internal sealed class CsvFormat : LedgerFormat
{
    public override string FileName => "ledger.csv";

    public override string ContentType => "text/csv; charset=utf-8";

    public override void Begin(StringBuilder text) => text.Append("transaction,key,kind,effective_at,booked_at,line,account,amount,currency\r\n");

    public override void Open(StringBuilder text, LedgerPlace place)
    {
        // A table has only postings.
    }

    public override void Write(StringBuilder text, LedgerTransaction transaction, IEnumerable<Posting> postings)
    {
        var start = $"{TransactionView.IdOf(transaction)},{transaction.Key},{transaction.Kind.ToWire()},{Instants.ToWire(transaction.EffectiveAt)},{Instants.ToWire(transaction.BookedAt)}";
        foreach (var posting in postings)
        {
            text.Append(CultureInfo.InvariantCulture, $"{start},{posting.Line},{posting.Account},{posting.Amount.In(posting.Currency)},{posting.Currency}\r\n");
        }
    }

    public override void End(StringBuilder text, DateOnly day, IEnumerable<KeyValuePair<LedgerPlace, Money>> balances)
    {
    }
}
