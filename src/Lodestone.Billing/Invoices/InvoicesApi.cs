using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Invoices for programs: <c>/api/v1/invoices</c>.</summary>
internal static class InvoicesApi
{
    private const int Page = 50;
    private const int RequestPage = 500;

    public static void MapInvoices(this IEndpointRouteBuilder routes)
    {
        var invoices = routes.MapGroup("/api/v1/invoices").WithErrorShape(ErrorShape.Problem).WithTags("Invoices");
        invoices.MapGet("", List);
        invoices.MapPost("", Draft);
        invoices.MapGet("/{number}", View);
        invoices.MapGet("/{number}/form", Form);
        invoices.MapGet("/{number}/csv", Csv);
        invoices.MapGet("/{number}/lines/{line:long}/requests", Requests);
        invoices.MapPost("/{number}/issue", Issue);
        invoices.MapPost("/{number}/void", Void);
        invoices.MapPost("/{number}/discard", Discard);
        invoices.MapPost("/{number}/credit", Credit);
    }

    private static async Task<Ok<InvoiceList>> List(string? account, string? cursor, HttpContext context, AccountChoice accounts, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        Guid? chosen = account is null && caller.Allowing(TokenScope.ReadBilling).IsAdministrator ? null : (await accounts.BilledAsync(account, cancel)).Id;
        var page = await invoices.ListAsync(chosen, caller, UsageApi.Before(cursor), Page + 1, cancel);
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Id.ToString("N"));
        }

        var names = await accounts.NamesAsync(page.Select(i => i.AccountId), cancel);
        return TypedResults.Ok(new InvoiceList([.. page.Select(i => InvoiceView.Of(i, names))]));
    }

    private static async Task<Created<InvoiceView>> Draft(DraftRequest wanted, AccountChoice accounts, Invoices invoices, TimeProvider clock, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var account = await accounts.FindAsync(wanted.Account, cancel);
        return TypedResults.Created((string?)null, await ViewAsync(await invoices.DraftAsync(account.Id, wanted.Until ?? clock.GetUtcNow(), caller, cancel), accounts, cancel));
    }

    private static async Task<Ok<InvoiceDetail>> View(string number, AccountChoice accounts, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        var notes = await invoices.NotesOfAsync(invoice.Id, cancel);
        return TypedResults.Ok(new InvoiceDetail(await ViewAsync(invoice, accounts, cancel), invoice.Form is { } form ? InvoiceForm.Parse(form) : null, [.. notes.Select(CreditNoteView.Of)]));
    }

    /// <summary>The bytes whose hash the invoice has.</summary>
    private static async Task<ContentHttpResult> Form(string number, Invoices invoices, Caller caller, CancellationToken cancel) =>
        TypedResults.Content(
            (await invoices.FindAsync(number, caller, cancel)).Form ?? throw new Refusal(RefusalCode.Conflict, "A draft has no form yet: it is made when the invoice is issued."),
            "application/json");

    private static async Task<FileContentHttpResult> Csv(string number, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        var form = invoice.Form ?? throw new Refusal(RefusalCode.Conflict, "A draft has no lines yet: they are made when the invoice is issued.");
        return TypedResults.File(System.Text.Encoding.UTF8.GetBytes(InvoiceCsv.Of(InvoiceForm.Parse(form))), "text/csv; charset=utf-8", $"{invoice.Number}.csv");
    }

    private static async Task<Ok<LineRequestList>> Requests(string number, long line, string? cursor, HttpContext context, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        var page = await invoices.RequestsAsync(invoice, line, RequestPlace.Read(cursor), RequestPage + 1, cancel);
        if (page.Count > RequestPage)
        {
            page.RemoveAt(RequestPage);
            Cursor.LinkNext(context, page[^1].Place.ToCursor());
        }

        return TypedResults.Ok(new LineRequestList(page));
    }

    private static async Task<Ok<InvoiceView>> Issue(string number, bool? release, AccountChoice accounts, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        var draft = await invoices.FindAsync(number, caller, cancel);
        return TypedResults.Ok(await ViewAsync(await invoices.IssueAsync(draft, release is true, caller, cancel), accounts, cancel));
    }

    private static async Task<Ok<InvoiceView>> Void(string number, bool? replace, AccountChoice accounts, Invoices invoices, Caller caller, CancellationToken cancel)
    {
        var (gone, draft) = await invoices.VoidAsync(await invoices.FindAsync(number, caller, cancel), replace is true, caller, cancel);
        return TypedResults.Ok(await ViewAsync(draft ?? gone, accounts, cancel));
    }

    private static async Task<Ok<InvoiceView>> Discard(string number, AccountChoice accounts, Invoices invoices, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(await ViewAsync(await invoices.DiscardAsync(await invoices.FindAsync(number, caller, cancel), caller, cancel), accounts, cancel));

    private static async Task<Created<CreditNoteView>> Credit(string number, CreditRequest wanted, Invoices invoices, CreditNotes notes, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        var lines = (wanted.Lines ?? []).Select(l => new LineCredit(l.Line, Amounts.Read(l.Amount?.Text, "lines"))).ToList();
        return TypedResults.Created((string?)null, CreditNoteView.Of(await notes.CreditAsync(invoice.Id, lines, wanted.Reason, caller, cancel)));
    }

    private static async Task<InvoiceView> ViewAsync(Invoice invoice, AccountChoice accounts, CancellationToken cancel) =>
        InvoiceView.Of(invoice, await accounts.NamesAsync([invoice.AccountId], cancel));
}

/// <param name="Account">Whom to invoice.</param>
/// <param name="Until">The first instant that is not in it; now unless given.</param>
internal sealed record DraftRequest(string? Account, DateTimeOffset? Until = null);

/// <param name="Lines">Each at most once.</param>
internal sealed record CreditRequest(string? Reason, IReadOnlyList<CreditRequestLine>? Lines);

/// <param name="Line">From 1.</param>
/// <param name="Amount">Of the line's printed amount, a decimal string.</param>
internal sealed record CreditRequestLine(long Line, AmountText? Amount);

/// <param name="Invoices">Newest first; a <c>Link</c> header leads to the next page.</param>
internal sealed record InvoiceList(IReadOnlyList<InvoiceView> Invoices);

/// <param name="Id"><c>inv_…</c></param>
/// <param name="Number">Null while it is a draft.</param>
/// <param name="State"><c>draft</c>, <c>issued</c>, <c>partially_paid</c>, <c>paid</c>, <c>void</c>, <c>uncollectible</c>, <c>disputed</c> …</param>
/// <param name="Open">Asked for and neither paid nor credited.</param>
/// <param name="Review">Why an administrator must look at it before it is issued.</param>
internal sealed record InvoiceView(
    string Id, string? Number, string Account, string State, string Currency, string PeriodStart, string PeriodEnd, string? IssuedAt, string? DueAt,
    string Net, string Tax, string Total, string Paid, string Credited, string Open, string? Review, string? FormHash)
{
    public const string IdPrefix = "inv";

    public static InvoiceView Of(Invoice invoice, IReadOnlyDictionary<Guid, string> names) => new(
        PublicId.Format(IdPrefix, invoice.Id),
        invoice.Number,
        names.GetValueOrDefault(invoice.AccountId, ""),
        invoice.State.ToWire(),
        invoice.Currency.Code,
        Instants.ToWire(invoice.PeriodStart),
        Instants.ToWire(invoice.PeriodEnd),
        invoice.IssuedAt is { } issued ? Instants.ToWire(issued) : null,
        invoice.DueAt is { } due ? Instants.ToWire(due) : null,
        MinorUnits.Text(invoice.Net.In(invoice.Currency)),
        MinorUnits.Text(invoice.Tax.In(invoice.Currency)),
        MinorUnits.Text(invoice.Total),
        MinorUnits.Text(invoice.Paid.In(invoice.Currency)),
        MinorUnits.Text(invoice.Credited.In(invoice.Currency)),
        MinorUnits.Text(invoice.Open),
        invoice.ReviewReason,
        invoice.FormHash);
}

/// <param name="Form">All that the invoice says; null while it is a draft.</param>
internal sealed record InvoiceDetail(InvoiceView Invoice, InvoiceForm? Form, IReadOnlyList<CreditNoteView> CreditNotes);

internal sealed record CreditNoteView(string Id, string Number, string Reason, string Currency, string Net, string Tax, string Total, string IssuedAt)
{
    public static CreditNoteView Of(CreditNote note) => new(
        PublicId.Format("crn", note.Id),
        note.Number,
        note.Reason,
        note.Currency.Code,
        MinorUnits.Text(note.Net.In(note.Currency)),
        MinorUnits.Text(note.Tax.In(note.Currency)),
        MinorUnits.Text(note.Total),
        Instants.ToWire(note.IssuedAt));
}

/// <param name="Requests">In order of their events; a <c>Link</c> header leads to the next page.</param>
internal sealed record LineRequestList(IReadOnlyList<LineRequest> Requests);
