using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>An account's plans: <c>/api/v1/customers/{account}/subscriptions</c>. Its people see them; admins change them.</summary>
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
        subscriptions.MapPost("/{subscription}:pause", Pause);
        subscriptions.MapPost("/{subscription}:resume", Resume);
    }

    private static async Task<Ok<SubscriptionList>> List(string account, AccountChoice accounts, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(new SubscriptionList([.. (await subscriptions.OfAsync(chosen.Id, cancel)).Select(SubscriptionView.Of)]));
    }

    private static async Task<Created<SubscriptionView>> Begin(SubscriptionRequest wanted, string account, PlanChoice choice, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        return TypedResults.Created((string?)null, await ViewAsync(subscriptions, await choice.BeginAsync(chosen, wanted.Plan, cancel), cancel));
    }

    private static async Task<Ok<PreviewView>> Preview(SubscriptionRequest wanted, string account, string subscription, PlanChoice choice, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        return TypedResults.Ok(PreviewView.Of(await subscriptions.PreviewAsync(chosen.Id, SubscriptionView.IdOf(subscription), new PlanChange(wanted.Plan, wanted.When, caller.IsAdministrator), cancel)));
    }

    private static async Task<Ok<SubscriptionView>> Change(SubscriptionRequest wanted, string account, string subscription, PlanChoice choice, Subscriptions subscriptions, Caller caller, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        var changed = await subscriptions.ChangeAsync(chosen.Id, SubscriptionView.IdOf(subscription), new PlanChange(wanted.Plan, wanted.When, caller.IsAdministrator), cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, changed, cancel));
    }

    private static async Task<Ok<SubscriptionView>> Cancel(SubscriptionRequest wanted, string account, string subscription, PlanChoice choice, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        var isNow = wanted.When switch
        {
            "now" => true,
            null or "period_end" => false,
            _ => throw new Refusal(RefusalCode.Unprocessable, "\"when\" is \"now\" or \"period_end\".") { Param = "when" },
        };
        return TypedResults.Ok(await ViewAsync(subscriptions, await subscriptions.CancelAsync(chosen.Id, SubscriptionView.IdOf(subscription), isNow, cancel), cancel));
    }

    private static async Task<Ok<SubscriptionView>> Pause(PauseRequest wanted, string account, string subscription, PlanChoice choice, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, await subscriptions.PauseAsync(chosen.Id, SubscriptionView.IdOf(subscription), wanted.Days, cancel), cancel));
    }

    private static async Task<Ok<SubscriptionView>> Resume(string account, string subscription, PlanChoice choice, Subscriptions subscriptions, CancellationToken cancel)
    {
        var chosen = await choice.ChangeableAsync(account, cancel);
        return TypedResults.Ok(await ViewAsync(subscriptions, await subscriptions.ResumeAsync(chosen.Id, SubscriptionView.IdOf(subscription), cancel), cancel));
    }

    private static async Task<SubscriptionView> ViewAsync(Subscriptions subscriptions, Subscription one, CancellationToken cancel) =>
        SubscriptionView.Of((await subscriptions.OfAsync(one.AccountId, cancel)).Single(s => s.Subscription.Id == one.Id));
}

/// <summary>Who chooses plans, and for whom: pages and the API ask alike.</summary>
internal sealed class PlanChoice(AccountChoice accounts, People people, Subscriptions subscriptions, Caller caller, TimeProvider clock)
{
    public bool MayChange(Namespace account) => caller.AppId is null && (caller.IsAdministrator || caller.CanAdminister(account.Id));

    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>.</exception>
    public async Task<Namespace> ChangeableAsync(string? name, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(name, cancel);
        return MayChange(account) ? account : throw new Refusal(RefusalCode.Forbidden, $"Only those who administer {account.Name} choose its plan, with a token that may write.");
    }

    public async Task<Subscription> BeginAsync(Namespace account, string? plan, CancellationToken cancel) =>
        await subscriptions.BeginAsync(account.Id, await SeatedAsync(account, plan, cancel), cancel);

    /// <summary>What a plan that begins today, or a change of the present one, would cost.</summary>
    public async Task<ChangePreview> QuoteAsync(Namespace account, SubscriptionFacts? present, string? plan, string? when, CancellationToken cancel) => present is null
        ? await subscriptions.QuoteAsync(account.Id, await SeatedAsync(account, plan, cancel), cancel)
        : await subscriptions.PreviewAsync(account.Id, present.Subscription.Id, new PlanChange(plan, when, caller.IsAdministrator), cancel);

    private async Task<NewSubscription> SeatedAsync(Namespace account, string? plan, CancellationToken cancel)
    {
        var now = clock.GetUtcNow(); // before the people are read: who leaves in between is told of later than that
        return new NewSubscription(plan, caller.IsAdministrator, await people.MembersAsync(account.Id, cancel), now);
    }
}

/// <param name="Plan">A plan's code.</param>
/// <param name="When"><c>now</c>, <c>period_end</c> or a local day such as <c>2026-03-31</c>.</param>
internal sealed record SubscriptionRequest(string? Plan = null, string? When = null);

/// <param name="Days">1 to 90; 90 unless given.</param>
internal sealed record PauseRequest(int? Days = null);

/// <param name="Subscriptions">Newest first.</param>
internal sealed record SubscriptionList(IReadOnlyList<SubscriptionView> Subscriptions);

/// <param name="Plan">The code of the plan that it would be.</param>
/// <param name="On">The first local day of it.</param>
/// <param name="Lines">Charged and credited at once; exact amounts, rounded where an invoice is cut.</param>
/// <param name="Total">Their sum.</param>
internal sealed record PreviewView(string Plan, string On, IReadOnlyList<PreviewLine> Lines, string Total, string Currency)
{
    public static PreviewView Of(ChangePreview preview) => new(
        preview.Plan.Code,
        preview.On.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        [.. preview.Lines.Select(l => new PreviewLine(l.Description, l.Quantity, l.Amount.ToString()))],
        preview.Lines.Aggregate(Money.Zero(preview.Plan.Currency), (sum, line) => sum + line.Amount).ToString(),
        preview.Plan.Currency.Code);
}

/// <param name="Amount">Negative for what is credited.</param>
internal sealed record PreviewLine(string Description, long Quantity, string Amount);

/// <param name="Id"><c>sub_…</c></param>
/// <param name="State"><c>trialing</c>, <c>active</c>, <c>canceling</c>, <c>past_due</c>, <c>suspended</c>, <c>paused</c> or <c>canceled</c>.</param>
/// <param name="PeriodStart">A local day; absent where nothing is charged.</param>
/// <param name="PeriodEnd">The local day after the last.</param>
/// <param name="Seats">Paid for, or held where they are paid for afterwards.</param>
/// <param name="NextPlan">What it changes to on <paramref name="ChangesOn"/>.</param>
/// <param name="ResumesOn">When a pause ends of itself.</param>
internal sealed record SubscriptionView(
    string Id, string Plan, long Version, string State, string? PeriodStart, string? PeriodEnd, long Seats, string TimeZone, string? NextPlan, string? ChangesOn, string? CancelsOn, string? ResumesOn)
{
    private const string IdPrefix = "sub";

    public static SubscriptionView Of(SubscriptionFacts facts)
    {
        var (subscription, plan, span, next) = facts;
        return new SubscriptionView(
            PublicId.Format(IdPrefix, subscription.Id), plan.Code, plan.Version, subscription.Shown, Text(span?.PeriodStart), Text(span?.PeriodEnd), span?.Seats ?? 0, subscription.TimeZone,
            next?.Code, Text(subscription.ChangesOn), Text(subscription.CancelsOn), Text(subscription.ResumesOn));
    }

    public static Guid IdOf(string text) => PublicId.TryParse(IdPrefix, text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "The account has no such subscription.");

    private static string? Text(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
