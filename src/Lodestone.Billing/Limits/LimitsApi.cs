using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>The most that may be spent: <c>/api/v1/limits</c>.</summary>
internal static class LimitsApi
{
    public static void MapLimits(this IEndpointRouteBuilder routes)
    {
        var limits = routes.MapGroup("/api/v1/limits").WithErrorShape(ErrorShape.Problem).WithTags("Limits");
        limits.MapGet("", List);
        limits.MapPost("", Set);
        limits.MapPatch("/{id}", Change);
        limits.MapDelete("/{id}", Remove);
    }

    private static async Task<Ok<LimitList>> List(string? account, AccountChoice accounts, Limits limits, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        List<LimitState> all = [.. await limits.OfAsync(chosen.Id, cancel), .. caller.IsAdministrator ? await limits.OfAsync(Guid.Empty, cancel) : []];
        return TypedResults.Ok(new LimitList([.. all.Select(LimitView.Of)]));
    }

    private static async Task<Created<LimitView>> Set(LimitRequest wanted, LimitChoice choice, Limits limits, Caller caller, CancellationToken cancel) =>
        TypedResults.Created((string?)null, LimitView.Of(await SetAsync(wanted, choice, limits, caller, cancel)));

    /// <summary>What the page does too.</summary>
    public static async Task<LimitState> SetAsync(LimitRequest wanted, LimitChoice choice, Limits limits, Caller caller, CancellationToken cancel)
    {
        var account = await choice.ChangeableAsync(wanted.Account, cancel);
        Amounts.Check(wanted.Currency);
        var scope = LimitChoice.Parse<LimitScope>(wanted.Scope, "scope");
        var (id, name) = await choice.ScopeAsync(account, scope, wanted.Of, cancel);
        return await limits.SetAsync(
            new WantedLimit(
                scope is LimitScope.Instance ? Guid.Empty : account.Id, scope, id, name, Amount(wanted.Amount?.Text),
                LimitChoice.Parse<LimitPeriod>(wanted.Period ?? "month", "period"), LimitChoice.Parse<LimitKind>(wanted.Kind ?? "hard", "kind")),
            caller,
            cancel);
    }

    private static async Task<Ok<LimitView>> Change(string id, LimitChange wanted, LimitChoice choice, AccountChoice accounts, Limits limits, Caller caller, CancellationToken cancel)
    {
        var (limitId, accountId) = await FindAsync(id, choice, accounts, limits, caller, cancel);
        return TypedResults.Ok(LimitView.Of(await limits.ChangeAsync(
            limitId, accountId, wanted.Amount is { } amount ? Amount(amount.Text) : null, wanted.Kind is { } kind ? LimitChoice.Parse<LimitKind>(kind, "kind") : null, cancel)));
    }

    private static async Task<NoContent> Remove(string id, LimitChoice choice, AccountChoice accounts, Limits limits, Caller caller, CancellationToken cancel)
    {
        var (limitId, accountId) = await FindAsync(id, choice, accounts, limits, caller, cancel);
        await limits.RemoveAsync(limitId, accountId, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>A limit that the caller may change, and whose it is.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>.</exception>
    public static async Task<(Guid LimitId, Guid AccountId)> FindAsync(string id, LimitChoice choice, AccountChoice accounts, Limits limits, Caller caller, CancellationToken cancel)
    {
        caller.Allowing(TokenScope.ReadBilling);
        var missing = new Refusal(RefusalCode.NotFound, "You have no such limit.");
        if (!PublicId.TryParse(LimitView.IdPrefix, id, out var limitId) || await limits.AccountOfAsync(limitId, cancel) is not { } accountId)
        {
            throw missing;
        }

        if (accountId == Guid.Empty)
        {
            return caller.IsAdministrator ? (limitId, accountId) : throw missing;
        }

        if (!caller.IsAdministrator && !caller.CanRead(accountId, TokenScope.ReadBilling))
        {
            throw missing;
        }

        await choice.ChangeableAsync((await accounts.NamesAsync([accountId], cancel)).GetValueOrDefault(accountId), cancel);
        return (limitId, accountId);
    }

    private static Money Amount(string? text)
    {
        var amount = Amounts.Read(text, "amount");
        return amount.Picos >= 0 ? amount : throw new Refusal(RefusalCode.Unprocessable, "A limit is not negative; 0 refuses everything.") { Param = "amount" };
    }
}

/// <param name="Scope"><c>key</c>, <c>user</c>, <c>service_account</c>, <c>organization</c>, <c>model</c>, <c>product</c> or <c>instance</c>.</param>
/// <param name="Of">Which of them.</param>
/// <param name="Amount">A decimal string; 0 refuses everything.</param>
/// <param name="Period"><c>day</c>, <c>week</c>, <c>month</c>, <c>total</c> or <c>rolling30d</c>.</param>
/// <param name="Kind"><c>hard</c> or <c>soft</c>.</param>
/// <param name="Account">A namespace; the caller's own unless given.</param>
internal sealed record LimitRequest(string? Scope, AmountText? Amount, string? Of = null, string? Period = null, string? Kind = null, string? Currency = null, string? Account = null);

/// <param name="Amount">Unchanged unless given.</param>
/// <param name="Kind">Unchanged unless given.</param>
internal sealed record LimitChange(AmountText? Amount = null, string? Kind = null);

/// <param name="Limits">As they were set; for administrators those of the whole server too.</param>
internal sealed record LimitList(IReadOnlyList<LimitView> Limits);

/// <param name="Id"><c>lim_…</c></param>
/// <param name="Name">Of what it is about, as it was called when the limit was set.</param>
/// <param name="Held">What running calls may still take.</param>
/// <param name="ResetsAt">When there is more; null: never by itself.</param>
internal sealed record LimitView(string Id, string Scope, string Name, string Amount, string Currency, string Period, string Kind, string Used, string Held, string? ResetsAt)
{
    public const string IdPrefix = "lim";

    public static LimitView Of(LimitState state) => new(
        PublicId.Format(IdPrefix, state.Limit.Id), state.Limit.Scope.ToWire(), state.Limit.ScopeName, state.Amount.ToString(), state.Limit.Currency.Code,
        state.Limit.Period.ToWire(), state.Limit.Kind.ToWire(), state.Used.ToString(), state.Held.ToString(), state.ResetsAt is { } at ? Instants.ToWire(at) : null);
}
