using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>What an account pays with: <c>/api/v1/payment-methods</c>. Card data is given to the provider, never here.</summary>
internal static class PaymentMethodsApi
{
    /// <summary>Where people come back to from a provider.</summary>
    public const string ReturnPath = "/billing/payment-methods/return";

    public static void MapPaymentMethods(this IEndpointRouteBuilder routes)
    {
        var methods = routes.MapGroup("/api/v1/payment-methods").WithErrorShape(ErrorShape.Problem).WithTags("Payment methods");
        methods.MapGet("", List);
        methods.MapPost("", SetUp);
        methods.MapPost("/{id}/default", Choose);
        methods.MapDelete("/{id}", Remove);
    }

    /// <summary>The address that a provider sends people back to, who name the account and what was begun.</summary>
    public static string ReturnUrl(PublicAddress address, string account, string provider) =>
        $"{address.Value}{ReturnPath}?account={Uri.EscapeDataString(account)}&provider={provider}&setup={{setup}}";

    private static async Task<Ok<PaymentMethodList>> List(string? account, AccountChoice accounts, PaymentMethods methods, CancellationToken cancel)
    {
        var chosen = await accounts.BilledAsync(account, cancel);
        return TypedResults.Ok(new PaymentMethodList([.. (await methods.OfAsync(chosen.Id, cancel)).Select(PaymentMethodView.Of)]));
    }

    private static async Task<Ok<SetupView>> SetUp(SetupRequest wanted, AccountChoice accounts, PaymentMethods methods, PublicAddress address, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(wanted.Account, cancel);
        var setup = await methods.SetUpAsync(chosen, wanted.Provider, ReturnUrl(address, chosen.Name, wanted.Provider ?? ""), caller, cancel);
        return TypedResults.Ok(new SetupView(setup.Page, [.. (await methods.OfAsync(chosen.Id, cancel)).Select(PaymentMethodView.Of)]));
    }

    private static async Task<Ok<PaymentMethodView>> Choose(string id, PaymentMethods methods, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(PaymentMethodView.Of(await methods.ChooseAsync(PaymentMethodView.IdOf(id), caller.Authenticated(), cancel)));

    private static async Task<NoContent> Remove(string id, PaymentMethods methods, Caller caller, CancellationToken cancel)
    {
        await methods.RemoveAsync(PaymentMethodView.IdOf(id), caller.Authenticated(), cancel);
        return TypedResults.NoContent();
    }
}

/// <param name="Provider"><c>stripe</c> or <c>test</c>.</param>
/// <param name="Account">A namespace; the caller's own unless given.</param>
internal sealed record SetupRequest(string? Provider, string? Account = null);

/// <param name="Page">Where the person gives it; null where nothing is to be given.</param>
/// <param name="PaymentMethods">Those that there are already.</param>
internal sealed record SetupView(string? Page, IReadOnlyList<PaymentMethodView> PaymentMethods);

/// <param name="PaymentMethods">The default first.</param>
internal sealed record PaymentMethodList(IReadOnlyList<PaymentMethodView> PaymentMethods);

/// <param name="Id"><c>pm_…</c></param>
internal sealed record PaymentMethodView(string Id, string Provider, string Brand, string LastFour, long? ExpiryMonth, long? ExpiryYear, bool IsDefault)
{
    private const string IdPrefix = "pm";

    public static PaymentMethodView Of(PaymentMethod method) =>
        new(PublicId.Format(IdPrefix, method.Id), method.Provider, method.Brand, method.LastFour, method.ExpiryMonth, method.ExpiryYear, method.IsDefault);

    public static Guid IdOf(string text) => PublicId.TryParse(IdPrefix, text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "You have no such payment method.");
}
