using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A transaction's place in the chain that makes a silent change of the ledger show: its hash covers all that came before.</summary>
internal sealed class LedgerLink
{
    /// <summary>1, 2, 3 …</summary>
    public required long Position { get; init; }

    public required Guid TransactionId { get; init; }

    /// <summary>64 hex digits; zeros before the first.</summary>
    public required string PrevHash { get; init; }

    public required string Hash { get; init; }

    public static string Beginning { get; } = new('0', SHA256.HashSizeInBytes * 2);

    public static LedgerLink After(LedgerLink? last, LedgerTransaction transaction, IEnumerable<Posting> postings)
    {
        var before = last?.Hash ?? Beginning;
        return new LedgerLink { Position = (last?.Position ?? 0) + 1, TransactionId = transaction.Id, PrevHash = before, Hash = HashOf(before, transaction, postings) };
    }

    /// <summary>Whether it still is the hash of what stands in the ledger.</summary>
    public bool Fits(string before, LedgerTransaction transaction, IEnumerable<Posting> postings) =>
        PrevHash == before && Hash == HashOf(before, transaction, postings);

    private static string HashOf(string before, LedgerTransaction transaction, IEnumerable<Posting> postings)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{before}\n{transaction.Id:N}\n{transaction.Key}\n{transaction.Kind.ToWire()}\n");
        text.Append(CultureInfo.InvariantCulture, $"{Instants.ToMicroseconds(transaction.EffectiveAt)}\n{Instants.ToMicroseconds(transaction.BookedAt)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{transaction.CorrectsId:N}\n{transaction.Note}\n");
        foreach (var posting in postings.OrderBy(p => p.Line))
        {
            text.Append(CultureInfo.InvariantCulture, $"{posting.Line} {posting.Account} {posting.Amount.In(posting.Currency)} {posting.Currency}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
