using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Money sent back: <c>/api/v1/customers/…/refunds</c>, <c>/api/v1/invoices/…/refunds</c> and <c>/api/v1/refunds</c>.</summary>
internal static class RefundsApi
{
    public static void MapRefunds(this IEndpointRouteBuilder routes)
    {
        var refunds = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Refunds");
        refunds.MapGet("/customers/{account}/refunds", List);
        refunds.MapPost("/customers/{account}/refunds", OfCredit);
        refunds.MapPost("/invoices/{number}/refunds", OfInvoice);
        refunds.MapPost("/refunds/{id}/confirmation", Confirm);
    }

    private static async Task<Ok<RefundList>> List(string account, AccountChoice accounts, Refunds refunds, CancellationToken cancel) =>
        TypedResults.Ok(RefundList.Of(await refunds.OfAsync((await accounts.BilledAsync(account, cancel)).Id, cancel)));

    private static async Task<Created<RefundList>> OfCredit(NewRefund wanted, string account, AccountChoice accounts, Refunds refunds, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        var sent = await refunds.OfCreditAsync(chosen.Id, Amounts.Read(wanted.Amount?.Text, "amount"), wanted.Reason, grantId: null, caller, cancel);
        return TypedResults.Created((string?)null, RefundList.Of(sent));
    }

    private static async Task<Created<RefundList>> OfInvoice(NewRefund wanted, string number, Invoices invoices, Refunds refunds, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        var sent = await refunds.OfInvoiceAsync(invoice.Id, Amounts.Read(wanted.Amount?.Text, "amount"), wanted.Reason, caller, cancel);
        return TypedResults.Created((string?)null, RefundList.Of(sent));
    }

    private static async Task<Ok<RefundView>> Confirm(string id, Refunds refunds, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(RefundView.Of(await refunds.ConfirmAsync(RefundView.IdOf(id), caller.Administrator(), cancel)));
}

/// <param name="Amount">A decimal string.</param>
/// <param name="Reason">Stays with the refund.</param>
internal sealed record NewRefund(AmountText? Amount, string? Reason);

/// <param name="Refunds">Newest first; one for each payment that is sent back.</param>
internal sealed record RefundList(IReadOnlyList<RefundView> Refunds)
{
    public static RefundList Of(IEnumerable<Refund> refunds) => new([.. refunds.Select(RefundView.Of)]);
}

/// <param name="Id"><c>ref_…</c></param>
/// <param name="Source"><c>credit</c> or <c>invoice</c>.</param>
/// <param name="State"><c>submitted</c>, <c>awaiting</c> (to be sent by bank), <c>processing</c>, <c>unknown</c>, <c>succeeded</c> or <c>failed</c>.</param>
internal sealed record RefundView(string Id, string Source, string Provider, string Amount, string Currency, string Reason, string State, string? Failure, string CreatedAt)
{
    private const string IdPrefix = "ref";

    public static RefundView Of(Refund refund) => new(
        PublicId.Format(IdPrefix, refund.Id), refund.Source.ToWire(), refund.Provider, MinorUnits.Text(refund.Money), refund.Currency.Code, refund.Reason, refund.State.ToWire(), refund.Failure, Instants.ToWire(refund.CreatedAt));

    public static Guid IdOf(string text) => PublicId.TryParse(IdPrefix, text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "There is no such refund.");
}
