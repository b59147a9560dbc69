using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Adds up and hashes the rated rows of one invoice line, as text: one line for each row. Written into one buffer and read from the columns
/// as they are, because an invoice may be of tens of millions.
/// </summary>
/// <param name="line">What all rows have in common.</param>
/// <param name="hasDiscount">Whether the rows' discounts are in the text: they are not in that of the first engine.</param>
internal sealed class RowHash(ContentLine line, Currency currency, bool hasDiscount) : IDisposable
{
    private const int Longest = 512;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _text = new byte[64 * 1024];
    private readonly byte[] _middle = Encoding.UTF8.GetBytes($" {line.RolledUp!.Class} {line.ProductId:N} {line.PriceVersionId:N} "); // only of usage
    private readonly byte[] _end = Encoding.UTF8.GetBytes($" {currency}\n");
    private readonly int? _tokenColumn = TokenColumnOf(line.RolledUp!.Class);

    private int _length;
    private Guid _first;
    private Guid _last;
    private Int128 _units;
    private Int128 _remainders;

    public long Count { get; private set; }

    public long Quantity { get; private set; }

    public Money Amount => new((_units * Money.PicosPerUnit) + _remainders, currency);

    /// <summary>Takes the next row: event, quantity, the two words of list value, free, discount and amount, then the call's tokens, where it is of a call.</summary>
    /// <returns>Whether the call has the quantity that was rated; true where that cannot be said.</returns>
    public bool Add(DbDataReader row)
    {
        var (eventId, quantity) = (row.GetGuid(0), row.GetInt64(1));
        var (amountUnits, amountRemainder) = (row.GetInt64(8), row.GetInt64(9));
        _first = Count == 0 ? eventId : _first;
        (_last, Count, Quantity) = (eventId, Count + 1, Quantity + quantity);
        (_units, _remainders) = (_units + amountUnits, _remainders + amountRemainder);
        if (_length > _text.Length - Longest)
        {
            Flush();
        }

        eventId.TryFormat(_text.AsSpan(_length), out _, "N");
        _length += 32;
        Write(_middle);
        Write(quantity);
        Write(row.GetInt64(2), row.GetInt64(3));
        Write(row.GetInt64(4), row.GetInt64(5));
        if (hasDiscount)
        {
            Write(row.GetInt64(6), row.GetInt64(7));
        }

        Write(amountUnits, amountRemainder);
        Write(_end);
        return _tokenColumn is not { } column || row.IsDBNull(column) || row.GetInt64(column) == quantity;
    }

    public FormProvenance Finish()
    {
        Flush();
        return new FormProvenance(Count, PublicId.Format("evt", _first), PublicId.Format("evt", _last), Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public void Dispose() => _hash.Dispose();

    private static int? TokenColumnOf(string rowClass) => PriceLine.Parse(rowClass).Class switch
    {
        UsageClass.Input => 10,
        UsageClass.Output => 11,
        _ => null,
    };

    private void Flush()
    {
        _hash.AppendData(_text, 0, _length);
        _length = 0;
    }

    private void Write(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    private void Write(long number)
    {
        Utf8Formatter.TryFormat(number, _text.AsSpan(_length), out var written);
        _length += written;
    }

    // As Money writes itself, after a blank.
    private void Write(long units, long remainder)
    {
        _text[_length++] = (byte)' ';
        if (units < 0)
        {
            Write(Encoding.UTF8.GetBytes(Money.FromStored(units, remainder, currency).ToString()));
            return;
        }

        Write(units);
        if (remainder == 0)
        {
            return;
        }

        _text[_length] = (byte)'.';
        var places = 12;
        for (; remainder % 10 == 0; remainder /= 10)
        {
            places--;
        }

        for (var at = places; at > 0; at--, remainder /= 10)
        {
            _text[_length + at] = (byte)('0' + (remainder % 10));
        }

        _length += places + 1;
    }
}
