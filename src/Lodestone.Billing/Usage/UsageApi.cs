using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Usage for programs: <c>/api/v1/usage</c>.</summary>
internal static class UsageApi
{
    private const int Page = 50;
    private const int MostDays = 400;

    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    public static void MapUsage(this IEndpointRouteBuilder routes)
    {
        var usage = routes.MapGroup("/api/v1/usage").WithErrorShape(ErrorShape.Problem).WithTags("Usage");
        usage.MapGet("", Sums);
        usage.MapGet("/calls", Calls);
        usage.MapGet("/calls/{requestId}", Call);
    }

    private static async Task<Ok<UsageReport>> Sums(
        [AsParameters] UsageQuery query, AccountChoice accounts, Usage usage, Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(query.Account, cancel);
        var filter = FilterOf(query, account.Id, clock);
        var byModel = query.GroupBy switch
        {
            null or "day" => false,
            "model" => true,
            _ => throw new Refusal(RefusalCode.Unprocessable, "groupBy is 'day' or 'model'.") { Param = "groupBy" },
        };
        var sums = await usage.SumsAsync(filter, caller, cancel);
        var rows = sums.GroupBy(s => byModel ? s.Model : DayText(s.Day)).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => UsageRow.Of(g.Key, g.Aggregate((left, right) => left + right)));
        var total = sums.Aggregate(UsageSum.Of(filter.From, "", 0), (left, right) => left + right);
        return TypedResults.Ok(new UsageReport(
            account.Name, filter.Side.ToWire(), DayText(filter.From), DayText(filter.To), byModel ? "model" : "day", BillingOptions.Currency.Code, [.. rows], UsageRow.Of("total", total)));
    }

    private static async Task<Ok<CallList>> Calls(
        [AsParameters] UsageQuery query, HttpContext context, AccountChoice accounts, Usage usage, Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(query.Account, cancel);
        var calls = await usage.CallsAsync(FilterOf(query, account.Id, clock, isUnbounded: true), caller, Before(query.Cursor), Page + 1, cancel);
        if (calls.Count > Page)
        {
            calls.RemoveAt(Page);
            Cursor.LinkNext(context, calls[^1].Id.ToString("N"));
        }

        return TypedResults.Ok(new CallList([.. calls.Select(CallRow.Of)]));
    }

    private static async Task<Ok<CallReport>> Call(string requestId, AccountChoice accounts, Usage usage, Caller caller, CancellationToken cancel)
    {
        var call = await usage.CallAsync(requestId, caller.Allowing(TokenScope.ReadBilling), cancel)
            ?? throw new Refusal(RefusalCode.NotFound, $"You have no call with the request id {requestId}.");
        var names = await accounts.NamesAsync([call.Event.AccountId, call.Event.CallerId], cancel);
        return TypedResults.Ok(CallReport.Of(call, names, call.ShowsBuyerTo(caller)));
    }

    /// <summary>Which call a cursor stands after.</summary>
    public static Guid? Before(string? cursor) => Cursor.Decode(cursor) is { } id
        ? Guid.TryParseExact(id, "N", out var before) ? before : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" }
        : null;

    /// <summary>The month so far, unless other days are named.</summary>
    /// <param name="isUnbounded">The answer is paged, so that any number of days may be asked for.</param>
    public static UsageFilter FilterOf(UsageQuery query, Guid accountId, TimeProvider clock, bool isUnbounded = false)
    {
        var today = Days.Of(clock.GetUtcNow());
        var from = query.Day ?? query.From ?? Days.Month(query.To?.AddDays(-1) ?? today);
        var to = query.Day?.AddDays(1) ?? query.To ?? (from > today ? from : today).AddDays(1);
        if (from >= to || (!isUnbounded && to.DayNumber - from.DayNumber > MostDays))
        {
            throw new Refusal(PeriodInverted, string.Create(CultureInfo.InvariantCulture, $"'from' is the first day and 'to' the day after the last, at most {MostDays} days later: {DayText(from)} and {DayText(to)} are not.")) { Param = "from" };
        }

        var side = query.Side switch
        {
            null or "buyer" => UsageSide.Buyer,
            "seller" => UsageSide.Seller,
            _ => throw new Refusal(RefusalCode.Unprocessable, "side is 'buyer' or 'seller'.") { Param = "side" },
        };
        return new UsageFilter(accountId, side, from, to, query.Model);
    }

    public static string DayText(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>Which calls a usage report is about.</summary>
internal sealed record UsageQuery
{
    /// <summary>A namespace; the caller's own unless given.</summary>
    public string? Account { get; init; }

    /// <summary><c>buyer</c> (what the account called) or <c>seller</c> (what others called of its models).</summary>
    public string? Side { get; init; }

    /// <summary>First UTC day, <c>yyyy-MM-dd</c>; the month's first unless given.</summary>
    public DateOnly? From { get; init; }

    /// <summary>The day after the last.</summary>
    public DateOnly? To { get; init; }

    /// <summary>One day, instead of the two.</summary>
    public DateOnly? Day { get; init; }

    /// <summary><c>owner/name</c>.</summary>
    public string? Model { get; init; }

    /// <summary><c>day</c> or <c>model</c>.</summary>
    public string? GroupBy { get; init; }

    public string? Cursor { get; init; }
}
