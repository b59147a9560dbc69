using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary><c>/api/v1/customers/{account}/auto-topup</c>: an account's people see it; admins set it.</summary>
internal static class AutoTopUpsApi
{
    public static void MapAutoTopUps(this IEndpointRouteBuilder routes)
    {
        var auto = routes.MapGroup("/api/v1/customers/{account}/auto-topup").WithErrorShape(ErrorShape.Problem).WithTags("Top-ups");
        auto.MapGet("", Show);
        auto.MapPut("", Set);
        auto.MapDelete("", Remove);
    }

    private static async Task<Ok<AutoTopUpView>> Show(string account, AccountChoice accounts, AutoTopUps auto, CancellationToken cancel)
    {
        var chosen = await accounts.FindAsync(account, cancel);
        return TypedResults.Ok(await auto.FindAsync(chosen.Id, cancel) is { } row ? AutoTopUpView.Of(row) : throw new Refusal(RefusalCode.NotFound, $"{chosen.Name} is not topped up by itself."));
    }

    private static async Task<Ok<AutoTopUpView>> Set(AutoTopUpRequest wanted, string account, PlanChoice choice, AutoTopUps auto, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(AutoTopUpView.Of(await auto.SetAsync(await choice.ChangeableAsync(account, cancel), wanted.Read(), caller, cancel)));

    private static async Task<NoContent> Remove(string account, PlanChoice choice, AutoTopUps auto, CancellationToken cancel)
    {
        await auto.RemoveAsync((await choice.ChangeableAsync(account, cancel)).Id, cancel);
        return TypedResults.NoContent();
    }
}

/// <param name="Threshold">Below it the account is topped up; a decimal string.</param>
/// <param name="Amount">By how much; 1 to 10,000.</param>
/// <param name="MonthlyCap">The most in a calendar month.</param>
internal sealed record AutoTopUpRequest(AmountText? Threshold, AmountText? Amount, AmountText? MonthlyCap, string? Currency = null)
{
    public NewAutoTopUp Read()
    {
        Amounts.Check(Currency);
        return new NewAutoTopUp(Amounts.Read(Threshold?.Text, "threshold"), Amounts.Read(Amount?.Text, "amount"), Amounts.Read(MonthlyCap?.Text, "monthlyCap"));
    }
}

/// <param name="NotBefore">After failures: when it is tried again.</param>
internal sealed record AutoTopUpView(string Threshold, string Amount, string MonthlyCap, string Currency, long Failures, string? NotBefore)
{
    public static AutoTopUpView Of(AutoTopUp row) => new(
        row.Threshold.In(row.Currency).ToString(), row.Amount.In(row.Currency).ToString(), row.MonthlyCap.In(row.Currency).ToString(), row.Currency.Code,
        row.Failures, row.Failures > 0 ? Instants.ToWire(row.NotBefore) : null);
}
