using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>An account's credit: <c>/api/v1/customers/{account}/grants</c>. Its people see it; administrators of the server give and take.</summary>
internal static class GrantsApi
{
    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    public static void MapGrants(this IEndpointRouteBuilder routes)
    {
        var customer = routes.MapGroup("/api/v1/customers/{account}").WithErrorShape(ErrorShape.Problem).WithTags("Credit");
        customer.MapGet("/wallet", Wallet);
        customer.MapGet("/grants", List);
        customer.MapPost("/grants", Give);
        customer.MapPost("/grants/{grant}:void", Void);
        customer.MapPost("/grants/{grant}:refund", Refund);
        customer.MapPost("/topups", TopUp);
    }

    private static async Task<Ok<WalletSummary>> Wallet(string account, AccountChoice accounts, Wallets wallets, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(WalletSummary.Of(chosen.Name, await wallets.ViewAsync(chosen.Id, cancel)));
    }

    private static async Task<Ok<GrantList>> List(string account, AccountChoice accounts, CreditGrants grants, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(new GrantList([.. (await grants.OfAsync(chosen.Id, cancel)).Select(GrantView.Of)]));
    }

    private static async Task<Created<GrantView>> Give(
        GrantRequest wanted, string account, AccountChoice accounts, CreditGrants grants, BillingSteps steps, Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        caller.Administrator();
        Amounts.Check(wanted.Currency);
        var amount = Amounts.Read(wanted.Amount?.Text, "amount");
        if (amount.Picos <= 0 || wanted.Priority is < 0 or > 255)
        {
            throw new Refusal(RefusalCode.Unprocessable, "\"amount\" must be above 0, and \"priority\" from 0 to 255.") { Param = amount.Picos <= 0 ? "amount" : "priority" };
        }

        if (wanted.ExpiresAt <= (wanted.StartsAt ?? DateTimeOffset.MinValue))
        {
            throw new Refusal(PeriodInverted, "\"expiresAt\" must be after \"startsAt\".") { Param = "expiresAt" };
        }

        var grant = await grants.GiveAsync(
            new NewGrant(chosen.Id, KindOf(wanted.Kind), amount, wanted.SourceRef ?? $"grant:{Guid.CreateVersion7(clock.GetUtcNow()):N}")
            {
                ModelIds = await ModelsAsync(steps, wanted.Models ?? [], cancel),
                StartsAt = wanted.StartsAt,
                ExpiresAt = wanted.ExpiresAt,
                Priority = wanted.Priority ?? CreditGrant.UsualPriority,
                Refundable = wanted.Refundable,
            },
            cancel);
        return TypedResults.Created((string?)null, GrantView.Of(grant));
    }

    private static async Task<Ok<GrantView>> Void(string account, string grant, AccountChoice accounts, CreditGrants grants, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        caller.Administrator();
        return TypedResults.Ok(GrantView.Of(await grants.VoidAsync(chosen.Id, GrantView.IdOf(grant), cancel)));
    }

    private static async Task<Ok<GrantView>> Refund(
        RefundRequest wanted, string account, string grant, AccountChoice accounts, CreditGrants grants, Refunds refunds, Caller caller, CancellationToken cancel)
    {
        var (chosen, grantId) = (await accounts.FindAsync(account, cancel), GrantView.IdOf(grant));
        await refunds.OfCreditAsync(chosen.Id, Amounts.Read(wanted.Amount?.Text, "amount"), wanted.Reason ?? "Credit paid back", grantId, caller, cancel);
        return TypedResults.Ok(GrantView.Of((await grants.OfAsync(chosen.Id, cancel)).Single(g => g.Id == grantId)));
    }

    private static async Task<Created<TopUpView>> TopUp(TopUpRequest wanted, string account, AccountChoice accounts, TopUps topUps, Caller caller, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        Amounts.Check(wanted.Currency);
        var topUp = await topUps.CreateAsync(new NewTopUp(chosen.Id, chosen.Name, Amounts.Read(wanted.Amount?.Text, "amount"), wanted.Provider ?? ""), caller, cancel);
        return TypedResults.Created((string?)null, TopUpView.Of(topUp));
    }

    /// <summary>Credit that is bought comes by top-ups, with the money.</summary>
    private static GrantKind KindOf(string? kind) => kind switch
    {
        "promo" => GrantKind.Promo,
        "sla" => GrantKind.Sla,
        "adjustment" => GrantKind.Adjustment,
        _ => throw new Refusal(RefusalCode.Unprocessable, "\"kind\" must be one of [promo, sla, adjustment]. Credit that is paid for comes by top-ups.") { Param = "kind" },
    };

    private static async Task<IReadOnlyList<Guid>> ModelsAsync(BillingSteps steps, IReadOnlyList<string> names, CancellationToken cancel)
    {
        var known = await steps.ReadAsync(db => db.Products.Where(p => names.Contains(p.Name)).ToDictionaryAsync(p => p.Name, p => p.Id, cancel));
        return names.FirstOrDefault(n => !known.ContainsKey(n)) is { } unknown
            ? throw new Refusal(RefusalCode.Unprocessable, $"There is no model {unknown} that is sold here.") { Param = "models" }
            : [.. names.Select(n => known[n])];
    }
}

/// <param name="Kind"><c>promo</c>, <c>sla</c> or <c>adjustment</c>.</param>
/// <param name="Amount">A decimal string.</param>
/// <param name="Models">The models it pays for, <c>owner/name</c>; everything unless given.</param>
/// <param name="Priority">0 to 255, lower is drawn first; 128 unless given.</param>
/// <param name="SourceRef">The same thing grants once.</param>
internal sealed record GrantRequest(
    string? Kind, AmountText? Amount, string? Currency = null, IReadOnlyList<string>? Models = null, DateTimeOffset? StartsAt = null, DateTimeOffset? ExpiresAt = null,
    int? Priority = null, bool Refundable = false, string? SourceRef = null);

/// <param name="Amount">A decimal string, at most what is unspent.</param>
internal sealed record RefundRequest(AmountText? Amount, string? Reason = null);

/// <param name="Grants">Newest first.</param>
internal sealed record GrantList(IReadOnlyList<GrantView> Grants);

/// <param name="Id"><c>grant_…</c></param>
/// <param name="State"><c>scheduled</c>, <c>usable</c>, <c>expired</c> or <c>voided</c>.</param>
internal sealed record GrantView(
    string Id, string Kind, string State, string Amount, string Remaining, string Drawn, string Forfeited, string Withdrawn, string Currency, bool IsScoped, string StartsAt, string? ExpiresAt,
    long Priority, bool Refundable, string SourceRef)
{
    private const string IdPrefix = "grant";

    public static GrantView Of(CreditGrant grant) => new(
        PublicId.Format(IdPrefix, grant.Id),
        grant.Kind.ToWire(),
        grant.State.ToWire(),
        grant.Amount.In(grant.Currency).ToString(),
        grant.Remaining.In(grant.Currency).ToString(),
        grant.Drawn.ToString(),
        grant.Forfeited.In(grant.Currency).ToString(),
        grant.Withdrawn.In(grant.Currency).ToString(),
        grant.Currency.Code,
        grant.IsScoped,
        Instants.ToWire(grant.StartsAt),
        grant.ExpiresAt is { } end ? Instants.ToWire(end) : null,
        grant.Priority,
        grant.Refundable,
        grant.SourceRef);

    public static Guid IdOf(string text) => PublicId.TryParse(IdPrefix, text, out var id) ? id : throw new Refusal(RefusalCode.NotFound, "The account has no such grant.");
}
