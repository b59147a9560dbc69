using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The plans there are. A change is another version.</summary>
internal sealed class PlanBook(BillingSteps steps, TimeProvider clock)
{
    /// <summary>Of each code the newest version that is offered.</summary>
    public async Task<IReadOnlyList<Plan>> OfferedAsync(CancellationToken cancel)
    {
        var plans = await steps.ReadAsync(db => db.Plans.AsNoTracking().Where(p => p.IsOffered).ToListAsync(cancel));
        return [.. plans.GroupBy(p => p.Code).Select(g => g.MaxBy(p => p.Version)!).OrderBy(p => p.Base.Units + p.PerSeat.Units).ThenBy(p => p.Code, StringComparer.Ordinal)]; // no group is empty
    }

    public Task<Plan> PublishAsync(PlanRequest wanted, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var earlier = await db.Plans.Where(p => p.Code == wanted.Code).Select(p => (long?)p.Version).MaxAsync(token);
            var plan = wanted.At((earlier ?? 0) + 1, clock.GetUtcNow());
            db.Plans.Add(plan);
            await db.SaveChangesAsync(token);
            return plan;
        },
        cancel);
}

/// <summary><c>/api/v1/plans</c>: everybody may read; administrators publish.</summary>
internal static class PlansApi
{
    public static void MapPlans(this IEndpointRouteBuilder routes)
    {
        var plans = routes.MapGroup("/api/v1/plans").WithErrorShape(ErrorShape.Problem).WithTags("Plans");
        plans.MapGet("", async (PlanBook book, CancellationToken cancel) => TypedResults.Ok(new PlanList([.. (await book.OfferedAsync(cancel)).Select(PlanView.Of)])));
        plans.MapPost("", Publish);
    }

    private static async Task<Created<PlanView>> Publish(PlanRequest wanted, PlanBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Created((string?)null, PlanView.Of(await book.PublishAsync(wanted, cancel)));
    }
}

/// <param name="Code">Such as <c>team</c>; one that is known gets another version.</param>
/// <param name="Period"><c>month</c> or <c>year</c>.</param>
/// <param name="SeatMode"><c>prorated</c>, <c>high_water</c>, <c>renewal_snapshot</c> or <c>seat_days</c>.</param>
internal sealed record PlanRequest(
    string? Code, string? Name, AmountText? PerSeat = null, AmountText? Base = null, string Period = "month", string SeatMode = "prorated", string Family = "hub", long MinSeats = 1, long TrialDays = 0,
    AmountText? IncludedCredit = null, long? RequestsPerMinute = null, long? PrivateStorage = null, bool IsPerSeat = false, bool IsContract = false, bool IsOffered = true)
{
    public Plan At(long version, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Code = Code is { Length: > 0 and <= 64 } ? Code : throw Wrong("code", "Give a \"code\" of 1 to 64 characters."),
        Version = version,
        Name = Name ?? Code,
        Family = Family,
        Period = Read<PlanPeriod>(Period, "period"),
        Currency = BillingOptions.Currency,
        Base = NotNegative(Base, "base"),
        PerSeat = NotNegative(PerSeat, "perSeat"),
        SeatMode = Read<SeatMode>(SeatMode, "seatMode"),
        MinSeats = MinSeats >= 1 ? MinSeats : throw Wrong("minSeats", "\"minSeats\" is 1 at least."),
        TrialDays = TrialDays is >= 0 and <= 365 ? TrialDays : throw Wrong("trialDays", "\"trialDays\" is 0 to 365."),
        IncludedCredit = NotNegative(IncludedCredit, "includedCredit"),
        RequestsPerMinute = RequestsPerMinute,
        PrivateStorage = PrivateStorage,
        IsPerSeat = IsPerSeat,
        IsContract = IsContract,
        IsOffered = IsOffered,
        CreatedAt = now,
    };

    private static Money NotNegative(AmountText? amount, string param)
    {
        var read = Amounts.Read(amount?.Text ?? "0", param);
        return read.Picos >= 0 ? read : throw Wrong(param, $"\"{param}\" is 0 at least.");
    }

    private static T Read<T>(string text, string param)
        where T : struct, Enum => Enum.GetValues<T>().Where(v => v.ToWire() == text).Select(v => (T?)v).FirstOrDefault()
            ?? throw Wrong(param, $"\"{param}\" must be one of [{string.Join(", ", Enum.GetValues<T>().Select(v => v.ToWire()))}].");

    private static Refusal Wrong(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };
}

internal sealed record PlanList(IReadOnlyList<PlanView> Plans);

internal sealed record PlanView(
    string Code, long Version, string Name, string Family, string Period, string Base, string PerSeat, string Currency, string SeatMode, long MinSeats, long TrialDays, string IncludedCredit,
    long? RequestsPerMinute, long? PrivateStorage, bool IsPerSeat, bool IsContract)
{
    public static PlanView Of(Plan plan) => new(
        plan.Code, plan.Version, plan.Name, plan.Family, plan.Period.ToWire(), plan.Base.In(plan.Currency).ToString(), plan.PerSeat.In(plan.Currency).ToString(), plan.Currency.Code, plan.SeatMode.ToWire(),
        plan.MinSeats, plan.TrialDays, plan.IncludedCredit.In(plan.Currency).ToString(), plan.RequestsPerMinute, plan.PrivateStorage, plan.IsPerSeat, plan.IsContract);
}
