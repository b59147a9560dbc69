using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>How the books are written down for another program. Text goes out as it is made, transaction by transaction.</summary>
internal abstract class LedgerFormat
{
    /// <summary>Every amount has all of a pico's places: what other programs let pass as rounding is half of the last place that is written.</summary>
    private const int Places = 12;

    /// <summary>By the names that callers ask for.</summary>
    public static IReadOnlyDictionary<string, LedgerFormat> All { get; } = new SortedDictionary<string, LedgerFormat>(StringComparer.Ordinal)
    {
        ["beancount"] = new BeancountFormat(),
        ["csv"] = new CsvFormat(),
        ["hledger"] = new HledgerFormat(),
    };

    public abstract string FileName { get; }

    public virtual string ContentType => "text/plain; charset=utf-8";

    /// <exception cref="Refusal"><c>invalid_request</c>, with the formats there are.</exception>
    public static LedgerFormat Named(string? name) => All.GetValueOrDefault(name ?? "")
        ?? throw new Refusal(RefusalCode.Invalid, $"\"format\" must be one of [{string.Join(", ", All.Keys)}].") { Param = "format" };

    public abstract void Begin(StringBuilder text);

    /// <summary>Before the first posting to an account in a currency.</summary>
    public abstract void Open(StringBuilder text, LedgerPlace place);

    public abstract void Write(StringBuilder text, LedgerTransaction transaction, IEnumerable<Posting> postings);

    /// <summary>What all that was written comes to, so that who reads it can tell that nothing is missing.</summary>
    /// <param name="day">Behind every transaction.</param>
    public abstract void End(StringBuilder text, DateOnly day, IEnumerable<KeyValuePair<LedgerPlace, Money>> balances);

    /// <summary><c>-0.000200000000 USD</c>.</summary>
    protected static string Amount(Money amount)
    {
        var size = Int128.Abs(amount.Picos);
        var (whole, fraction) = (size / Money.PicosPerUnit, (long)(size % Money.PicosPerUnit));
        return string.Create(CultureInfo.InvariantCulture, $"{(amount.Picos < 0 ? "-" : "")}{whole}.{fraction.ToString(CultureInfo.InvariantCulture).PadLeft(Places, '0')} {amount.Currency}");
    }

    protected static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    protected static string Day(DateTimeOffset at) => Day(Days.Of(at));

    /// <summary>
    /// The name that plain-text accounting knows: <c>L:Prepaid:ab12</c> is <c>Liabilities:Prepaid:Ab12</c>. Names stay apart, because
    /// ours differ in more than their first letters' case.
    /// </summary>
    protected static string Account(string name)
    {
        var parts = name.Split(':');
        return string.Join(':', parts.Skip(1).Select(Component).Prepend(parts[0] switch
        {
            "A" => "Assets",
            "L" => "Liabilities",
            "R" => "Income",
            "X" => "Expenses",
            "M" => "Equity:Memo",
            var other => throw new InvalidOperationException($"Ledger account {name} is of the unknown type {other}."),
        }));
    }

    private static string Component(string part) =>
        char.ToUpperInvariant(part[0]) + string.Concat(part.Skip(1).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));
}

/// <summary>An account in one currency.</summary>
internal sealed record LedgerPlace(string Account, Currency Currency);
