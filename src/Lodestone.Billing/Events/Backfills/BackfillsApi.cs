using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Many events corrected at once: <c>/api/v1/meter/backfills</c>.</summary>
internal static class BackfillsApi
{
    public static void MapBackfills(this IEndpointRouteBuilder events)
    {
        events.MapGet("/backfills", List);
        events.MapPost("/backfills", Apply);
        events.MapPost("/backfills/{id}:revert", Revert);
    }

    private static async Task<Ok<BackfillList>> List(Backfills backfills, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new BackfillList([.. (await backfills.OfAsync(Sender.Of(caller), cancel)).Select(BackfillView.Of)]));

    private static async Task<Ok<BackfillAnswer>> Apply(BackfillRequest wanted, Backfills backfills, AccountChoice accounts, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(await AnswerAsync(await backfills.ApplyAsync(wanted, caller, cancel), accounts, cancel));

    private static async Task<Ok<BackfillAnswer>> Revert(string id, RevertRequest wanted, Backfills backfills, AccountChoice accounts, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(await AnswerAsync(await backfills.RevertAsync(id, wanted, caller, cancel), accounts, cancel));

    private static async Task<BackfillAnswer> AnswerAsync(BackfillResult result, AccountChoice accounts, CancellationToken cancel)
    {
        var names = await accounts.NamesAsync(result.Changes.Select(c => c.AccountId), cancel);
        return new BackfillAnswer(result.JobId is { } id ? PublicId.Format(BackfillView.IdPrefix, id) : null, result.Events, [.. result.Changes.Select(c => BackfillChangeView.Of(c, names))]);
    }
}

/// <summary>What to correct, and how.</summary>
/// <param name="Filter">Which events; those already voided are not among them.</param>
/// <param name="ReplaceWith">Members of the data to replace; null takes one away (RFC 7396).</param>
/// <param name="Void">Whether the events did not happen, in place of <paramref name="ReplaceWith"/>.</param>
/// <param name="DryRun">Whether it is only told what it would change.</param>
internal sealed record BackfillRequest(BackfillFilter? Filter, JsonElement? ReplaceWith = null, bool Void = false, string? Reason = null, bool DryRun = false);

/// <summary>Events that fulfil all that is given.</summary>
/// <param name="Account">Who pays for them.</param>
/// <param name="From">The first instant.</param>
/// <param name="To">The first instant after them.</param>
/// <param name="Data">Paths of the data and the texts there.</param>
internal sealed record BackfillFilter(
    string? Account = null, string? Type = null, string? Source = null, DateTimeOffset? From = null, DateTimeOffset? To = null, Dictionary<string, string>? Data = null);

internal sealed record RevertRequest(string? Reason = null, bool DryRun = false);

/// <param name="Id"><c>job_…</c>; null: nothing was done.</param>
/// <param name="Events">How many are corrected.</param>
/// <param name="Changes">By account, invoice, product and class.</param>
internal sealed record BackfillAnswer(string? Id, long Events, IReadOnlyList<BackfillChangeView> Changes);

/// <param name="Invoice">Its number, or the id of a draft; null: not on an invoice yet. What was invoiced is corrected by a line of the account's next invoice.</param>
/// <param name="InvoiceState"><c>draft</c>, <c>issued</c>, <c>paid</c> and so on.</param>
/// <param name="Quantity">What is more, or negative what is less.</param>
/// <param name="Amount">Likewise, before credit pays.</param>
internal sealed record BackfillChangeView(string Account, string? Invoice, string? InvoiceState, string Product, string Class, long Quantity, string Amount, string Currency)
{
    public static BackfillChangeView Of(BackfillChange change, IReadOnlyDictionary<Guid, string> names) => new(
        names.GetValueOrDefault(change.AccountId, ""), change.Invoice, change.InvoiceState, change.Product, change.Class, change.Quantity, change.Amount.ToString(), change.Amount.Currency.Code);
}

/// <param name="Jobs">The last first.</param>
internal sealed record BackfillList(IReadOnlyList<BackfillView> Jobs);

/// <param name="Request">As it was sent.</param>
/// <param name="Reverts">The job that it took back.</param>
internal sealed record BackfillView(string Id, JsonElement Request, string Reason, long Events, string? Reverts, string CreatedAt)
{
    public const string IdPrefix = "job";

    public static BackfillView Of(Backfill job)
    {
        using var request = JsonDocument.Parse(job.Request);
        return new BackfillView(
            PublicId.Format(IdPrefix, job.Id), request.RootElement.Clone(), job.Reason, job.Events, job.RevertsId is { } id ? PublicId.Format(IdPrefix, id) : null, Instants.ToWire(job.CreatedAt));
    }
}
