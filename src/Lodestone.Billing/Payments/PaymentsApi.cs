using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Payments of invoices: <c>/api/v1/invoices/…/pay</c> and <c>/api/v1/payments</c>.</summary>
internal static class PaymentsApi
{
    public static void MapPayments(this IEndpointRouteBuilder routes)
    {
        var payments = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Payments");
        payments.MapPost("/invoices/{number}/pay", Pay);
        payments.MapGet("/invoices/{number}/payments", List);
        payments.MapPost("/payments/{id}/confirmation", Confirm);
    }

    private static async Task<Created<PaymentView>> Pay(string number, PayRequest wanted, Invoices invoices, InvoicePayments payments, PublicAddress address, Caller caller, CancellationToken cancel)
    {
        var invoice = await invoices.FindAsync(number, caller, cancel);
        return TypedResults.Created((string?)null, PaymentView.Of(await payments.PayAsync(invoice, wanted.Provider, address.Value + InvoicePage.PathOf(invoice), caller, cancel)));
    }

    private static async Task<Ok<PaymentList>> List(string number, Invoices invoices, InvoicePayments payments, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(new PaymentList([.. (await payments.OfAsync((await invoices.FindAsync(number, caller, cancel)).Id, cancel)).Select(PaymentView.Of)]));

    private static async Task<Ok<PaymentView>> Confirm(string id, InvoicePayments payments, Caller caller, CancellationToken cancel) =>
        PublicId.TryParse(PaymentView.IdPrefix, id, out var attemptId)
            ? TypedResults.Ok(PaymentView.Of(await payments.ConfirmAsync(attemptId, caller.Administrator(), cancel)))
            : throw new Refusal(RefusalCode.NotFound, "There is no such payment.");
}

/// <param name="Provider"><c>manual</c> (a bank transfer), <c>stripe</c> or <c>test</c>; that of the account's own payment method unless given.</param>
internal sealed record PayRequest(string? Provider = null);

/// <param name="Payments">The first attempt first.</param>
internal sealed record PaymentList(IReadOnlyList<PaymentView> Payments);

/// <param name="Id"><c>pay_…</c></param>
/// <param name="Reference">What a bank transfer quotes.</param>
/// <param name="State"><c>submitted</c>, <c>awaiting</c>, <c>processing</c>, <c>requires_action</c>, <c>unknown</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="FailureCode">The provider's word for why it failed.</param>
/// <param name="ActionUrl">Where the payer confirms it, while it is <c>requires_action</c>.</param>
internal sealed record PaymentView(
    string Id, string Reference, long Number, string Provider, string Amount, string Currency, string State, string? Failure, string? FailureCode, string? ActionUrl, bool IsUnattended, string CreatedAt)
{
    public const string IdPrefix = "pay";

    public static PaymentView Of(PaymentAttempt attempt) => new(
        PublicId.Format(IdPrefix, attempt.Id),
        attempt.Reference,
        attempt.Number,
        attempt.Provider,
        MinorUnits.Text(attempt.Amount.In(attempt.Currency)),
        attempt.Currency.Code,
        attempt.State.ToWire(),
        attempt.Failure,
        attempt.FailureCode,
        attempt.ActionUrl,
        attempt.IsUnattended,
        Instants.ToWire(attempt.CreatedAt));
}
