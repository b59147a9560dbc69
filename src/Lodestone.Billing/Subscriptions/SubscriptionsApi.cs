using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>An account's plans: <c>/api/v1/customers/{account}/subscriptions</c>. Members see them; admins change them.</summary>
internal static class SubscriptionsApi
{
    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        var subscriptions = routes.MapGroup("/api/v1/customers/{account}/subscriptions").WithErrorShape(ErrorShape.Problem).WithTags("Plans");
        subscriptions.MapGet("", List);
        subscriptions.MapPost("", Begin);
        subscriptions.MapPost("/{subscription}:preview", Preview);
        subscriptions.MapPost("/{subscription}:change", Change);
        subscriptions.MapPost("/{subscription}:cancel", Cancel);
        subscriptions.MapPost("/{subscription}:resume", Resume);
    }

    private static async Task<Ok<SubscriptionList>> List(string account, AccountChoice accounts, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(new SubscriptionList([.. (await subscriptions.OfAsync(chosen.Id, cancel)).Select(s => SubscriptionView.Of(s.Subscription, s.Plan))]));
    }

    private static async Task<Created<SubscriptionView>> Begin(SubscriptionRequest wanted, string account, AccountChoice accounts, People people, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var accountId = await ChangingAsync(account, accounts, caller, cancel);
        var begun = await subscriptions.BeginAsync(accountId, await people.MembersAsync(accountId, cancel), wanted.Plan, caller.IsAdministrator, cancel);
        return TypedResults.Created((string?)null, await ViewAsync(subscriptions, begun, cancel));
    }

    private static async Task<Ok<ChangePreview>> Preview(
        SubscriptionRequest wanted, string account, string subscription, AccountChoice accounts, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        var lines = await subscriptions.PreviewAsync(chosen.Id, SubscriptionView.IdOf(subscription), wanted.Plan, caller.IsAdministrator, cancel);
        return TypedResults.Ok(new ChangePreview([.. lines.Select(l => new PreviewLine(l.Description, l.Quantity, l.Amount.ToString(), l.Amount.Currency.Code))]));
    }

    private static async Task<Ok<SubscriptionView>> Change(
        SubscriptionRequest wanted, string account, string subscription, AccountChoice accounts, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var accountId = await ChangingAsync(account, accounts, caller, cancel);
        var changed = await subscriptions.ChangeAsync(accountId, SubscriptionView.IdOf(subscription), wanted.Plan, IsNow(wanted), caller.IsAdministrator, cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, changed, cancel));
    }

    private static async Task<Ok<SubscriptionView>> Cancel(
        SubscriptionRequest wanted, string account, string subscription, AccountChoice accounts, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var accountId = await ChangingAsync(account, accounts, caller, cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, await subscriptions.CancelAsync(accountId, SubscriptionView.IdOf(subscription), IsNow(wanted), cancel), cancel));
    }

    private static async Task<Ok<SubscriptionView>> Resume(string account, string subscription, AccountChoice accounts, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var accountId = await ChangingAsync(account, accounts, caller, cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, await subscriptions.ResumeAsync(accountId, SubscriptionView.IdOf(subscription), cancel), cancel));
    }

    private static async Task<Guid> ChangingAsync(string account, AccountChoice accounts, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return caller.CanAdminister(chosen.Id) || caller.IsAdministrator
            ? chosen.Id
            : throw new Refusal(RefusalCode.Forbidden, $"Only admins of {chosen.Name} choose its plan.");
    }

    private static async Task<SubscriptionView> ViewAsync(Subscriptions subscriptions, Subscription one, CancellationToken cancel)
    {
        var (subscription, plan) = (await subscriptions.OfAsync(one.AccountId, cancel)).Find(s => s.Subscription.Id == one.Id);
        return SubscriptionView.Of(subscription, plan);
    }

    private static bool IsNow(SubscriptionRequest wanted) => wanted.When switch
    {
        "now" => true,
        "period_end" => false,
        _ => throw new Refusal(RefusalCode.Unprocessable, "\"when\" must be one of [now, period_end].") { Param = "when" },
    };
}

/// <param name="Plan">A plan's code.</param>
/// <param name="When"><c>now</c> or <c>period_end</c>, for changes and cancellations.</param>
internal sealed record SubscriptionRequest(string? Plan = null, string When = "period_end");

internal sealed record SubscriptionList(IReadOnlyList<SubscriptionView> Subscriptions);

/// <param name="Lines">Exact amounts, negative for what is credited; rounded where an invoice is cut.</param>
internal sealed record ChangePreview(IReadOnlyList<PreviewLine> Lines);

internal sealed record PreviewLine(string Description, long Quantity, string Amount, string Currency);

/// <param name="Id"><c>sub_…</c></param>
/// <param name="PeriodEnd">The local day after the last.</param>
internal sealed record SubscriptionView(string Id, string Plan, long Version, string State, string PeriodStart, string PeriodEnd, long Seats, string? ChangesOn, string? CancelsOn)
{
    private const string IdPrefix = "sub";

    public static SubscriptionView Of(Subscription subscription, Plan plan) => new(
        PublicId.Format(IdPrefix, subscription.Id), plan.Code, plan.Version, subscription.State.ToWire(), $"{subscription.PeriodStart:yyyy-MM-dd}", $"{subscription.PeriodEnd:yyyy-MM-dd}", subscription.Seats,
        subscription.ChangesOn is { } change ? $"{change:yyyy-MM-dd}" : null, subscription.CancelsOn is { } end ? $"{end:yyyy-MM-dd}" : null);

    public static Guid IdOf(string text) => PublicId.TryParse(IdPrefix, text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "The account has no such subscription.");
}
