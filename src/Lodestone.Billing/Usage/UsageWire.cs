using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Sums of a period. Amounts are decimal strings of <paramref name="Currency"/>.</summary>
/// <param name="To">The day after the last.</param>
internal sealed record UsageReport(string Account, string Side, string From, string To, string GroupBy, string Currency, IReadOnlyList<UsageRow> Rows, UsageRow Total);

/// <param name="Key">A day or a model.</param>
internal sealed record UsageRow(string Key, long Calls, long InputTokens, long OutputTokens, string ListValue, string Charged)
{
    public static UsageRow Of(string key, UsageSum sum) =>
        new(key, sum.Calls, sum.InputTokens, sum.OutputTokens, sum.ListValue.ToString(), sum.Charged.ToString());
}

/// <param name="Calls">Newest first; a <c>Link</c> header leads to the next page.</param>
internal sealed record CallList(IReadOnlyList<CallRow> Calls);

internal sealed record CallRow(string RequestId, string Time, string Model, long InputTokens, long OutputTokens, string ListValue, string Charged, string Currency, string Outcome)
{
    public static CallRow Of(CallLine call) => new(
        call.RequestId,
        Instants.ToWire(call.Time),
        call.Model,
        call.InputTokens,
        call.OutputTokens,
        call.ListValue.ToString(),
        call.Charged.ToString(),
        BillingOptions.Currency.Code,
        call.Outcome.ToWire());
}

/// <summary>A call from the event to the ledger.</summary>
/// <param name="Ledger">Null when nothing was charged.</param>
internal sealed record CallReport(CallEvent Event, IReadOnlyList<RatedLine> Rated, TransactionView? Ledger)
{
    public static CallReport Of(CallDetail call, IReadOnlyDictionary<Guid, string> names, bool showsBuyer) => new(
        CallEvent.Of(call.Event, names, showsBuyer),
        [.. call.Rows.Select(row => RatedLine.Of(row, call.Price))],
        call.Transaction is null ? null : TransactionView.Of(call.Transaction, call.Postings));
}

/// <param name="Caller">Who called; null for sellers.</param>
/// <param name="TokenId">The credential used; null for sellers.</param>
/// <param name="Measurement">Who counted: <c>engine</c>, <c>backend</c>, <c>tokenizer</c> or <c>estimated</c>.</param>
internal sealed record CallEvent(
    string Id, string RequestId, string Time, string RecordedAt, string Account, string? Caller, string? TokenId, string Model, string Revision,
    long InputTokens, long OutputTokens, string Outcome, string Measurement)
{
    public static CallEvent Of(MeterEvent call, IReadOnlyDictionary<Guid, string> names, bool showsBuyer) => new(
        PublicId.Format("evt", call.Id),
        call.RequestId,
        Instants.ToWire(call.Time),
        Instants.ToWire(call.RecordedAt),
        names.GetValueOrDefault(call.AccountId, ""),
        showsBuyer ? names.GetValueOrDefault(call.CallerId, "") : null,
        showsBuyer && call.TokenId is { } tokenId ? PublicId.Format("tok", tokenId) : null,
        call.ProductName,
        call.Revision,
        call.InputTokens,
        call.OutputTokens,
        call.Outcome.ToWire(),
        call.Measurement.ToWire());
}

/// <param name="Class">Such as <c>input</c> or <c>output</c>.</param>
/// <param name="PriceVersion">Counts from 1 within the model.</param>
/// <param name="Funding"><c>free</c>, <c>prepaid</c>, or <c>free and prepaid</c>.</param>
internal sealed record RatedLine(string Class, long Quantity, long PriceVersion, string PerMillion, string ListValue, string Free, string Discount, string Amount, string Currency, string Funding)
{
    public static RatedLine Of(RatedRow row, PriceVersion price) => new(
        row.Class,
        row.Quantity,
        price.Version,
        new Money(price.ChargeOf(PriceLine.Parse(row.Class), Days.Month(row.Day)).Charge(null, Billing.PriceVersion.PerMillion), price.Currency).ToString(),
        row.List.In(row.Currency).ToString(),
        row.Free.In(row.Currency).ToString(),
        row.Discount.In(row.Currency).ToString(),
        row.Amount.In(row.Currency).ToString(),
        row.Currency.Code,
        FundingOf(row));

    public static string FundingOf(RatedRow row) => (row.Free == default, row.Amount == default) switch
    {
        (_, true) => "free",
        (true, _) => "prepaid",
        _ => "free and prepaid",
    };
}
