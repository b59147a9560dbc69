using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>What was told, and what one wants to be told of: <c>/api/v1/alerts</c>.</summary>
internal static class AlertsApi
{
    private const int Page = 100;

    public static void MapAlerts(this IEndpointRouteBuilder routes)
    {
        var alerts = routes.MapGroup("/api/v1/alerts").WithErrorShape(ErrorShape.Problem).WithTags("Alerts");
        alerts.MapGet("", List);
        alerts.MapPost("", Set);
        alerts.MapPatch("/{id}", Change);
        alerts.MapDelete("/{id}", Remove);
    }

    private static async Task<Ok<AlertList>> List(string? account, string? cursor, HttpContext context, AccountChoice accounts, Alerts alerts, AlertRules rules, Caller caller, CancellationToken cancel)
    {
        var accountId = (await accounts.FindAsync(account, cancel)).Id;
        Guid? before = Cursor.Decode(cursor) is { } text
            ? Guid.TryParseExact(text, "N", out var id) ? id : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" }
            : null;
        var page = await alerts.OfAsync(caller.IsAdministrator ? [accountId, Guid.Empty] : [accountId], before, Page + 1, cancel);
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Id.ToString("N"));
        }

        return TypedResults.Ok(new AlertList([.. page.Select(AlertView.Of)], [.. (await rules.OfAsync(accountId, cancel)).Select(RuleView.Of)]));
    }

    private static async Task<Created<RuleView>> Set(RuleRequest wanted, LimitChoice choice, AccountChoice accounts, Limits limits, AlertRules rules, Caller caller, CancellationToken cancel) =>
        TypedResults.Created((string?)null, RuleView.Of(await SetAsync(wanted, choice, accounts, limits, rules, caller, cancel)));

    /// <summary>What the page does too.</summary>
    public static async Task<AlertRule> SetAsync(RuleRequest wanted, LimitChoice choice, AccountChoice accounts, Limits limits, AlertRules rules, Caller caller, CancellationToken cancel)
    {
        var kind = wanted.Kind switch
        {
            "threshold" => AlertKind.Threshold,
            "pace" => AlertKind.Pace,
            "anomaly" => AlertKind.Anomaly,
            _ => throw new Refusal(RefusalCode.Unprocessable, "kind is 'threshold', 'pace' or 'anomaly'.") { Param = "kind" },
        };
        Amounts.Check(wanted.Currency);
        var floor = wanted.Floor is { } text ? Amounts.Read(text.Text, "floor") : Money.Zero(BillingOptions.Currency);
        if (kind is AlertKind.Anomaly)
        {
            var account = await choice.ChangeableAsync(wanted.Account, cancel);
            return await rules.SetAsync(new WantedRule(account.Id, kind, null, [], floor), caller, cancel);
        }

        var (limitId, accountId) = await LimitsApi.FindAsync(wanted.Limit ?? "", choice, accounts, limits, caller, cancel);
        var percents = kind is AlertKind.Threshold ? wanted.Percents ?? [.. LimitAlerts.Percents(LimitAlerts.UsualMarks)] : [];
        return await rules.SetAsync(new WantedRule(accountId, kind, limitId, percents, floor), caller, cancel);
    }

    private static async Task<Ok<RuleView>> Change(string id, RuleChange wanted, LimitChoice choice, AccountChoice accounts, AlertRules rules, Caller caller, CancellationToken cancel)
    {
        var rule = await FindAsync(id, choice, accounts, rules, caller, cancel);
        return TypedResults.Ok(RuleView.Of(await rules.SetAsync(
            new WantedRule(
                rule.AccountId, rule.Kind, rule.LimitId, rule.Kind is AlertKind.Threshold && wanted.Percents is { } percents ? percents : [.. LimitAlerts.Percents(rule.Marks)],
                wanted.Floor is { } floor ? Amounts.Read(floor.Text, "floor") : rule.Floor.In(rule.Currency)),
            caller,
            cancel)));
    }

    private static async Task<NoContent> Remove(string id, LimitChoice choice, AccountChoice accounts, AlertRules rules, Caller caller, CancellationToken cancel)
    {
        await rules.RemoveAsync((await FindAsync(id, choice, accounts, rules, caller, cancel)).Id, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>A rule that the caller may change.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>.</exception>
    public static async Task<AlertRule> FindAsync(string id, LimitChoice choice, AccountChoice accounts, AlertRules rules, Caller caller, CancellationToken cancel)
    {
        caller.Allowing(TokenScope.ReadBilling);
        var rule = PublicId.TryParse(RuleView.IdPrefix, id, out var ruleId) ? await rules.FindAsync(ruleId, cancel) : null;
        if (rule is null || !(caller.IsAdministrator || caller.CanRead(rule.AccountId, TokenScope.ReadBilling)))
        {
            throw new Refusal(RefusalCode.NotFound, "You have no such alert.");
        }

        if (rule.AccountId != Guid.Empty)
        {
            await choice.ChangeableAsync((await accounts.NamesAsync([rule.AccountId], cancel)).GetValueOrDefault(rule.AccountId), cancel);
        }

        return rule;
    }
}

/// <summary>What one wants to be told of, in place of what was said before of the same.</summary>
/// <param name="Kind"><c>threshold</c> and <c>pace</c> of a limit, <c>anomaly</c> of an account.</param>
/// <param name="Limit"><c>lim_…</c></param>
/// <param name="Percents">Of a threshold: 50, 80, 90 and 100 unless given; none tells nothing.</param>
/// <param name="Floor">Of an anomaly: what an hour may always cost, as a decimal string.</param>
/// <param name="Account">Of an anomaly; the caller's own unless given.</param>
internal sealed record RuleRequest(string? Kind, string? Limit = null, IReadOnlyList<int>? Percents = null, AmountText? Floor = null, string? Currency = null, string? Account = null);

/// <param name="Percents">Unchanged unless given.</param>
/// <param name="Floor">Unchanged unless given.</param>
internal sealed record RuleChange(IReadOnlyList<int>? Percents = null, AmountText? Floor = null);

/// <param name="Alerts">What was told, for administrators that of the whole server too, the last first; a <c>Link</c> header leads to the next page.</param>
/// <param name="Rules">What is looked for besides every limit at 50, 80, 90 and 100 percent.</param>
internal sealed record AlertList(IReadOnlyList<AlertView> Alerts, IReadOnlyList<RuleView> Rules);

/// <param name="Kind"><c>threshold</c>, <c>pace</c>, <c>anomaly</c>, <c>silent_meter</c>, <c>quarantine</c>, <c>event_conflict</c> or <c>payment</c>.</param>
/// <param name="Href">Where one sees it.</param>
internal sealed record AlertView(string Kind, string Title, string Href, string RaisedAt)
{
    public static AlertView Of(Alert alert) => new(alert.Kind.ToWire(), alert.Title, alert.Href, Instants.ToWire(alert.RaisedAt));
}

/// <param name="Id"><c>alr_…</c></param>
internal sealed record RuleView(string Id, string Kind, string? Limit, IReadOnlyList<int> Percents, string Floor, string Currency)
{
    public const string IdPrefix = "alr";

    public static RuleView Of(AlertRule rule) => new(
        PublicId.Format(IdPrefix, rule.Id), rule.Kind.ToWire(), rule.LimitId is { } id ? PublicId.Format(LimitView.IdPrefix, id) : null,
        [.. LimitAlerts.Percents(rule.Marks)], rule.Floor.In(rule.Currency).ToString(), rule.Currency.Code);
}
