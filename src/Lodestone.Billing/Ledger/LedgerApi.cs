using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>The books, for administrators' programs: <c>/api/v1/ledger</c>.</summary>
internal static class LedgerApi
{
    private const int Page = 100;

    public static void MapLedger(this IEndpointRouteBuilder routes)
    {
        var ledger = routes.MapGroup("/api/v1/ledger").WithErrorShape(ErrorShape.Problem).WithTags("Ledger");
        ledger.MapGet("/trial-balance", Balance);
        ledger.MapGet("/checks", Check);
        ledger.MapGet("/transactions", Transactions);
        ledger.MapGet("/export", ExportAsync);
    }

    private static async Task<Ok<TrialBalanceView>> Balance(TrialBalance balance, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var report = await balance.ComputeAsync(cancel);
        return TypedResults.Ok(new TrialBalanceView(
            [.. report.Lines.Select(l => new PostingView(l.Account, l.Balance.ToString(), l.Balance.Currency.Code))],
            [.. report.Totals.Select(t => new CurrencyTotal(t.Currency.Code, t.ToString()))],
            report.IsZero));
    }

    private static async Task<Ok<ConservationReport>> Check(ConservationChecks checks, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Ok(await checks.RunAsync(cancel));
    }

    private static async Task<Ok<TransactionList>> Transactions(string? cursor, HttpContext context, Journal journal, Caller caller, CancellationToken cancel)
    {
        var page = await journal.PageAsync(caller, UsageApi.Before(cursor), Page + 1, cancel);
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Position);
        }

        return TypedResults.Ok(new TransactionList(page));
    }

    /// <summary>Sent as it is read. Who is cut off has no balances at the end.</summary>
    private static async Task ExportAsync(string? format, HttpResponse response, LedgerExport export, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var wanted = LedgerFormat.Named(format);
        response.ContentType = wanted.ContentType;
        response.Headers.ContentDisposition = $"attachment; filename=\"{wanted.FileName}\"";
        await export.WriteAsync(
            wanted,
            async (text, inner) =>
            {
                foreach (var chunk in text.GetChunks())
                {
                    Encoding.UTF8.GetBytes(chunk.Span, response.BodyWriter);
                }

                await response.BodyWriter.FlushAsync(inner);
            },
            cancel);
    }
}

/// <param name="Accounts">Sum of each ledger account, positive where debits prevail.</param>
/// <param name="Totals">One for each currency.</param>
/// <param name="IsZero">All totals are.</param>
internal sealed record TrialBalanceView(IReadOnlyList<PostingView> Accounts, IReadOnlyList<CurrencyTotal> Totals, bool IsZero);

internal sealed record CurrencyTotal(string Currency, string Total);

/// <param name="Transactions">Newest first; a <c>Link</c> header leads to the next page.</param>
internal sealed record TransactionList(IReadOnlyList<TransactionView> Transactions);
