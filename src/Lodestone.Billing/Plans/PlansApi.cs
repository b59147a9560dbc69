using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary><c>/api/v1/plans</c>: everybody may read; administrators publish and change.</summary>
internal static class PlansApi
{
    public static void MapPlans(this IEndpointRouteBuilder routes)
    {
        var plans = routes.MapGroup("/api/v1/plans").WithErrorShape(ErrorShape.Problem).WithTags("Plans");
        plans.MapGet("", async (PlanBook book, CancellationToken cancel) => TypedResults.Ok(new PlanList([.. (await book.OfferedAsync(cancel)).Select(PlanView.Of)])));
        plans.MapPost("", Publish);
        plans.MapPatch("/{code}", Change);
    }

    private static async Task<Created<PlanView>> Publish(PlanRequest wanted, PlanBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Created((string?)null, PlanView.Of(await book.PublishAsync(wanted, cancel)));
    }

    private static async Task<Ok<PlanView>> Change(string code, PlanRequest changes, PlanBook book, Caller caller, CancellationToken cancel)
    {
        caller.Administrator();
        return TypedResults.Ok(PlanView.Of(await book.ChangeAsync(code, changes, cancel)));
    }
}

/// <summary>A plan to be published, or what is to change of one: then what is not given stays as it is.</summary>
/// <param name="Code">Such as <c>team</c>: small letters, digits and hyphens.</param>
internal sealed record PlanRequest(string? Code = null, string? Name = null)
{
    private const int LongestCode = 64;
    private const long LongestTrial = 365;

    public AmountText? Base { get; init; }

    public AmountText? PerSeat { get; init; }

    public string? Currency { get; init; }

    /// <summary><c>month</c> or <c>year</c>.</summary>
    public string? Period { get; init; }

    /// <summary><c>prorated</c>, <c>high_water</c>, <c>renewal_snapshot</c> or <c>seat_days</c>.</summary>
    public string? SeatMode { get; init; }

    public string? Family { get; init; }

    public long? MinSeats { get; init; }

    public long? TrialDays { get; init; }

    public AmountText? IncludedCredit { get; init; }

    /// <summary>0: no limit of the plan's.</summary>
    public long? RequestsPerMinute { get; init; }

    /// <summary>Bytes; 0: no limit of the plan's.</summary>
    public long? PrivateStorage { get; init; }

    public bool? IsPerSeat { get; init; }

    public bool? IsContract { get; init; }

    public bool? IsOffered { get; init; }

    public Plan At(Plan? earlier, DateTimeOffset now)
    {
        Amounts.Check(Currency);
        return new Plan
        {
            Id = Guid.CreateVersion7(now),
            Code = earlier?.Code ?? (IsCode(Code) ? Code! : throw Wrong("code", $"Give a \"code\" of 1 to {LongestCode} small letters, digits and hyphens.")), // it is one
            Version = (earlier?.Version ?? 0) + 1,
            Name = Name ?? earlier?.Name ?? Code ?? "",
            Family = earlier?.Family ?? Family ?? "hub",
            Period = Period is null ? earlier?.Period ?? PlanPeriod.Month : Read<PlanPeriod>(Period, "period"),
            Currency = BillingOptions.Currency,
            Base = NotNegative(Base, earlier?.Base, "base"),
            PerSeat = NotNegative(PerSeat, earlier?.PerSeat, "perSeat"),
            SeatMode = SeatMode is null ? earlier?.SeatMode ?? Billing.SeatMode.Prorated : Read<SeatMode>(SeatMode, "seatMode"),
            MinSeats = InRange(MinSeats ?? earlier?.MinSeats ?? 1, 1, 1_000_000, "minSeats"),
            TrialDays = InRange(TrialDays ?? earlier?.TrialDays ?? 0, 0, LongestTrial, "trialDays"),
            IncludedCredit = NotNegative(IncludedCredit, earlier?.IncludedCredit, "includedCredit"),
            RequestsPerMinute = Limit(RequestsPerMinute ?? earlier?.RequestsPerMinute, "requestsPerMinute"),
            PrivateStorage = Limit(PrivateStorage ?? earlier?.PrivateStorage, "privateStorage"),
            IsPerSeat = IsPerSeat ?? earlier?.IsPerSeat ?? false,
            IsContract = IsContract ?? earlier?.IsContract ?? false,
            IsOffered = IsOffered ?? earlier?.IsOffered ?? true,
            CreatedAt = now,
        };
    }

    private static bool IsCode(string? code) => code is { Length: > 0 and <= LongestCode } && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-');

    private static long InRange(long value, long least, long most, string param) =>
        value >= least && value <= most ? value : throw Wrong(param, $"\"{param}\" is {least} to {most}.");

    private static long? Limit(long? value, string param) => value switch
    {
        < 0 => throw Wrong(param, $"\"{param}\" is 0 at least, which is no limit."),
        0 => null,
        _ => value,
    };

    private static StoredMoney NotNegative(AmountText? amount, StoredMoney? earlier, string param)
    {
        if (amount is null)
        {
            return earlier ?? default;
        }

        var read = Amounts.Read(amount.Text, param);
        return read.Picos >= 0 ? read : throw Wrong(param, $"\"{param}\" is 0 at least.");
    }

    private static T Read<T>(string text, string param)
        where T : struct, Enum => Enum.GetValues<T>().Where(v => v.ToWire() == text).Select(v => (T?)v).FirstOrDefault()
            ?? throw Wrong(param, $"\"{param}\" must be one of [{string.Join(", ", Enum.GetValues<T>().Select(v => v.ToWire()))}].");

    private static Refusal Wrong(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };
}

/// <param name="Plans">The cheapest first; those by agreement last.</param>
internal sealed record PlanList(IReadOnlyList<PlanView> Plans);

internal sealed record PlanView(
    string Code, long Version, string Name, string Family, string Period, string Base, string PerSeat, string Currency, string SeatMode, long MinSeats, long TrialDays, string IncludedCredit,
    long? RequestsPerMinute, long? PrivateStorage, bool IsPerSeat, bool IsContract, bool IsOffered)
{
    public static PlanView Of(Plan plan) => new(
        plan.Code, plan.Version, plan.Name, plan.Family, plan.Period.ToWire(), plan.Base.In(plan.Currency).ToString(), plan.PerSeat.In(plan.Currency).ToString(), plan.Currency.Code, plan.SeatMode.ToWire(),
        plan.MinSeats, plan.TrialDays, plan.IncludedCredit.In(plan.Currency).ToString(), plan.RequestsPerMinute, plan.PrivateStorage, plan.IsPerSeat, plan.IsContract, plan.IsOffered);
}
