using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Accounts as those who operate the server see them: <c>/api/v1/customers</c>.</summary>
internal static class CustomersApi
{
    private const int Page = 100;

    public static void MapCustomers(this IEndpointRouteBuilder routes)
    {
        var customers = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Customers");
        customers.MapGet("/customers", List);
        customers.MapGet("/customers/{account}", View);
        customers.MapMethods("/customers/{account}/dunning", ["PATCH"], Change);
        customers.MapPost("/invoices/{number}/write-off", WriteOff);
    }

    private static async Task<Ok<CustomerList>> List(string? standing, string? cursor, HttpContext context, CustomerBook book, Caller caller, CancellationToken cancel)
    {
        var page = await book.ListAsync(caller, CustomerBook.Named(standing), UsageApi.Before(cursor), Page + 1, cancel);
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Id.ToString("N"));
        }

        return TypedResults.Ok(new CustomerList([.. page.Select(CustomerView.Of)]));
    }

    private static async Task<Ok<CustomerDetail>> View(string account, AccountChoice accounts, CustomerBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var found = await book.FindAsync(await accounts.FindAsync(account, cancel), cancel);
        return TypedResults.Ok(new CustomerDetail(
            CustomerView.Of(found.Summary), [.. found.Refunds.Select(RefundView.Of)], [.. found.Disputes.Select(DisputeView.Of)], [.. found.Acts.Select(a => new ActView(a.Act, a.Reason, a.DoerName, Instants.ToWire(a.DoneAt)))]));
    }

    private static async Task<Ok<CustomerView>> Change(DunningChange wanted, string account, AccountChoice accounts, Indulgence indulgence, CustomerBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        var chosen = await accounts.FindAsync(account, cancel);
        await indulgence.ChangeAsync(chosen.Id, wanted, caller, cancel);
        return TypedResults.Ok(CustomerView.Of((await book.FindAsync(chosen, cancel)).Summary));
    }

    private static async Task<Ok<InvoiceView>> WriteOff(NewWriteOff wanted, string number, AccountChoice accounts, Invoices invoices, Indulgence indulgence, Caller caller, CancellationToken cancel)
    {
        var invoice = await indulgence.WriteOffAsync((await invoices.FindAsync(number, caller, cancel)).Id, wanted.Reason, caller, cancel);
        return TypedResults.Ok(InvoiceView.Of(invoice, await accounts.NamesAsync([invoice.AccountId], cancel)));
    }
}

internal sealed record NewWriteOff(string? Reason);

/// <param name="Customers">A <c>Link</c> header leads to the next page.</param>
internal sealed record CustomerList(IReadOnlyList<CustomerView> Customers);

/// <param name="Standing"><c>current</c>, <c>past_due</c>, <c>restricted</c>, <c>suspended</c> or <c>terminated</c>.</param>
/// <param name="Receivable">Open on issued invoices.</param>
/// <param name="Overdue">What of it is past its day.</param>
/// <param name="PaymentMethod">What the account is charged with; null where it gave nothing.</param>
internal sealed record CustomerView(
    string Account, string Standing, string? OverdueSince, string Balance, string Receivable, string Overdue, string Currency, bool IsExempt, string? PausedUntil, string? PromisedUntil, string? PaymentMethod)
{
    public static CustomerView Of(CustomerSummary customer) => new(
        customer.Name, customer.Standing.ToWire(), Text(customer.OverdueSince), customer.Balance.ToString(), MinorUnits.Text(customer.Receivable), MinorUnits.Text(customer.Overdue), customer.Balance.Currency.Code,
        customer.IsExempt, Text(customer.PausedUntil), Text(customer.PromisedUntil), customer.Method);

    private static string? Text(DateTimeOffset? instant) => instant is { } at ? Instants.ToWire(at) : null;
}

/// <param name="Acts">What operators did, newest first.</param>
internal sealed record CustomerDetail(CustomerView Customer, IReadOnlyList<RefundView> Refunds, IReadOnlyList<DisputeView> Disputes, IReadOnlyList<ActView> Acts);

/// <param name="State"><c>inquiry</c>, <c>open</c>, <c>won</c>, <c>lost</c> or <c>closed</c>.</param>
internal sealed record DisputeView(string Id, string Provider, string Reference, string Amount, string Currency, string State, string Reason, string OpenedAt)
{
    public static DisputeView Of(Dispute dispute) => new(
        PublicId.Format("dsp", dispute.Id), dispute.Provider, dispute.Reference, MinorUnits.Text(dispute.Money), dispute.Currency.Code, dispute.State.ToWire(), dispute.Reason, Instants.ToWire(dispute.OpenedAt));
}

/// <param name="By">The operator's name.</param>
internal sealed record ActView(string Act, string Reason, string By, string At);
