using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Money paid in, and what is left of it: <c>/api/v1/topups</c> and <c>/api/v1/wallet</c>.</summary>
internal static class TopUpsApi
{
    private const int Page = 50;

    public static void MapTopUps(this IEndpointRouteBuilder routes)
    {
        var topUps = routes.MapGroup("/api/v1").WithErrorShape(ErrorShape.Problem).WithTags("Top-ups");
        topUps.MapGet("/wallet", View);
        topUps.MapGet("/topups", List);
        topUps.MapPost("/topups", Create);
        topUps.MapPost("/topups/{id}/confirmation", Confirm);
    }

    private static async Task<Ok<WalletSummary>> View(string? account, AccountChoice accounts, Wallets wallets, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(WalletSummary.Of(chosen.Name, await wallets.ViewAsync(chosen.Id, cancel)));
    }

    private static async Task<Ok<TopUpList>> List(string? account, string? cursor, HttpContext context, AccountChoice accounts, TopUps topUps, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        var page = await topUps.OfAsync(chosen.Id, UsageApi.Before(cursor), Page + 1, cancel);
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Id.ToString("N"));
        }

        return TypedResults.Ok(new TopUpList([.. page.Select(TopUpView.Of)]));
    }

    private static async Task<Created<TopUpView>> Create(TopUpRequest wanted, AccountChoice accounts, TopUps topUps, Caller caller, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(wanted.Account, cancel);
        Amounts.Check(wanted.Currency);
        var topUp = await topUps.CreateAsync(new NewTopUp(account.Id, account.Name, Amounts.Read(wanted.Amount?.Text, "amount"), wanted.Provider ?? ""), caller, cancel);
        return TypedResults.Created((string?)null, TopUpView.Of(topUp));
    }

    private static async Task<Ok<TopUpView>> Confirm(string id, TopUps topUps, Caller caller, CancellationToken cancel) =>
        PublicId.TryParse(TopUpView.IdPrefix, id, out var topUpId)
            ? TypedResults.Ok(TopUpView.Of(await topUps.ConfirmAsync(topUpId, caller.Administrator(), cancel)))
            : throw new Refusal(RefusalCode.NotFound, "There is no such top-up.");
}

/// <param name="Amount">A decimal string.</param>
/// <param name="Provider"><c>manual</c> (a bank transfer) or <c>test</c>.</param>
/// <param name="Account">A namespace; the caller's own unless given.</param>
internal sealed record TopUpRequest(AmountText? Amount, string? Provider, string? Currency = null, string? Account = null);

/// <param name="TopUps">Newest first; a <c>Link</c> header leads to the next page.</param>
internal sealed record TopUpList(IReadOnlyList<TopUpView> TopUps);

/// <param name="Id"><c>top_…</c></param>
/// <param name="Reference">What a bank transfer quotes.</param>
/// <param name="State"><c>submitted</c>, <c>awaiting</c>, <c>unknown</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Failure">Why it failed.</param>
internal sealed record TopUpView(string Id, string Account, string Amount, string Currency, string Provider, string Reference, string State, string? Failure, string CreatedAt)
{
    public const string IdPrefix = "top";

    public static TopUpView Of(TopUp topUp) => new(
        PublicId.Format(IdPrefix, topUp.Id),
        topUp.AccountName,
        topUp.Money.ToString(),
        topUp.Currency.Code,
        topUp.Provider,
        topUp.Reference,
        topUp.State.ToWire(),
        topUp.Failure,
        Instants.ToWire(topUp.CreatedAt));
}

/// <param name="Held">What of the balance running calls may still take.</param>
/// <param name="FreeLeft">Of today's allowance, running calls deducted.</param>
internal sealed record WalletSummary(string Account, string Currency, string Balance, string Held, string Available, string FreeLeft, string FreePerDay, string ResetsAt)
{
    public static WalletSummary Of(string account, WalletView wallet) => new(
        account,
        wallet.Balance.Currency.Code,
        wallet.Balance.ToString(),
        wallet.Held.ToString(),
        (wallet.Balance - wallet.Held).ToString(),
        wallet.FreeLeft.ToString(),
        wallet.FreePerDay.ToString(),
        Instants.ToWire(wallet.ResetsAt));
}
