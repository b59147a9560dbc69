using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>What administrators do to the books, and the reports that are made of them.</summary>
internal static class BooksApi
{
    private const int Shown = 200;

    public static void MapBooks(this IEndpointRouteBuilder routes)
    {
        var ledger = routes.MapGroup("/api/v1/ledger").WithErrorShape(ErrorShape.Problem).WithTags("Ledger");
        ledger.MapGet("/adjustments", Adjustments);
        ledger.MapPost("/adjustments", Adjust);
        ledger.MapPost("/adjustments/{id}/approval", (string id, Adjustments all, Caller caller, CancellationToken cancel) => Decide(id, isApproved: true, all, caller, cancel));
        ledger.MapPost("/adjustments/{id}/refusal", (string id, Adjustments all, Caller caller, CancellationToken cancel) => Decide(id, isApproved: false, all, caller, cancel));
        ledger.MapGet("/ageing", Ageing);
        ledger.MapGet("/deferred", Deferred);
        ledger.MapGet("/chain", Chain);
        ledger.MapPost("/months/{month}/closure", Close);
    }

    private static async Task<Ok<AdjustmentList>> Adjustments(Adjustments adjustments, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new AdjustmentList([.. (await adjustments.AllAsync(caller, Shown, cancel)).Select(AdjustmentView.Of)]));

    private static async Task<Created<AdjustmentView>> Adjust(AdjustmentRequest wanted, Adjustments adjustments, Caller caller, CancellationToken cancel)
    {
        var corrects = wanted.Corrects is not { } text ? (Guid?)null
            : PublicId.TryParse("txn", text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "There is no such transaction.") { Param = "corrects" };
        var lines = (wanted.Lines ?? []).Select(l => new AdjustmentLine(l.Account ?? "", Amounts.Read(l.Amount?.Text, "lines").ToString())).ToList();
        var adjustment = await adjustments.RequestAsync(new NewAdjustment(wanted.Reason, lines, corrects, wanted.EffectiveAt), caller, cancel);
        return TypedResults.Created((string?)null, AdjustmentView.Of(adjustment));
    }

    private static async Task<Ok<AdjustmentView>> Decide(string id, bool isApproved, Adjustments adjustments, Caller caller, CancellationToken cancel) =>
        PublicId.TryParse(AdjustmentView.IdPrefix, id, out var adjustmentId)
            ? TypedResults.Ok(AdjustmentView.Of(await adjustments.DecideAsync(adjustmentId, isApproved, caller.Administrator(), cancel)))
            : throw new Refusal(RefusalCode.NotFound, "There is no such adjustment.");

    private static async Task<Ok<AgeingReport>> Ageing(Receivables receivables, AccountChoice accounts, Caller caller, CancellationToken cancel)
    {
        var aged = await receivables.AgeingAsync(caller, cancel);
        var names = await accounts.NamesAsync(aged.Select(a => a.AccountId), cancel);
        return TypedResults.Ok(new AgeingReport([.. aged.Select(a => AgeingRow.Of(a, names))]));
    }

    private static async Task<Ok<DeferredReport>> Deferred(Receivables receivables, Caller caller, CancellationToken cancel) => TypedResults.Ok(new DeferredReport(
        [.. (await receivables.DeferredAsync(caller, cancel)).Select(m => new DeferredRow(m.Month.ToString("yyyy-MM", CultureInfo.InvariantCulture), m.Amount.ToString(), m.Amount.Currency.Code))]));

    private static async Task<Ok<ChainReport>> Chain(LedgerChain chain, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Ok(await chain.VerifyAsync(cancel));
    }

    private static async Task<Ok<ClosedMonthView>> Close(string month, MonthEnds months, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var first = DateOnly.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new Refusal(RefusalCode.Invalid, $"'{month}' is no month. Write it as 2026-03.") { Param = "month" };
        var closed = await months.CloseAsync(first, caller, cancel);
        return TypedResults.Ok(new ClosedMonthView(month, Instants.ToWire(closed.ClosedAt), closed.ChainHash));
    }
}

/// <param name="Lines">That add up to zero; none for a correction.</param>
/// <param name="Corrects">A transaction to take back whole, <c>txn_…</c>.</param>
internal sealed record AdjustmentRequest(string? Reason, IReadOnlyList<AdjustmentRequestLine>? Lines = null, string? Corrects = null, DateTimeOffset? EffectiveAt = null);

/// <param name="Amount">A decimal string: positive for a debit, negative for a credit.</param>
internal sealed record AdjustmentRequestLine(string? Account, AmountText? Amount);

internal sealed record AdjustmentList(IReadOnlyList<AdjustmentView> Adjustments);

/// <param name="State"><c>waiting</c> for a second administrator, <c>booked</c> or <c>declined</c>.</param>
internal sealed record AdjustmentView(
    string Id, string State, string Reason, string Size, string Currency, IReadOnlyList<AdjustmentLine> Lines, string? Corrects, string RequestedBy, string RequestedAt, string? DecidedBy)
{
    public const string IdPrefix = "adj";

    public static AdjustmentView Of(Adjustment adjustment) => new(
        PublicId.Format(IdPrefix, adjustment.Id),
        adjustment.State.ToWire(),
        adjustment.Reason,
        adjustment.Size.ToString(),
        adjustment.Currency.Code,
        adjustment.ReadLines(),
        adjustment.CorrectsId is { } corrected ? PublicId.Format("txn", corrected) : null,
        adjustment.RequesterName,
        Instants.ToWire(adjustment.RequestedAt),
        adjustment.DeciderName);
}

internal sealed record AgeingReport(IReadOnlyList<AgeingRow> Accounts);

/// <param name="Current">Not due yet.</param>
internal sealed record AgeingRow(string Account, string Currency, string Current, string Days1To30, string Days31To60, string Days61To90, string Over90, string Total)
{
    public static AgeingRow Of(AgedAccount aged, IReadOnlyDictionary<Guid, string> names)
    {
        string[] texts = [.. aged.Buckets.Select(MinorUnits.Text)];
        return new AgeingRow(names.GetValueOrDefault(aged.AccountId, ""), aged.Total.Currency.Code, texts[0], texts[1], texts[2], texts[3], texts[4], MinorUnits.Text(aged.Total));
    }
}

internal sealed record DeferredReport(IReadOnlyList<DeferredRow> Months);

internal sealed record DeferredRow(string Month, string Amount, string Currency);

internal sealed record ClosedMonthView(string Month, string ClosedAt, string ChainHash);
