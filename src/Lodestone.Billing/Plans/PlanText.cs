using System.Globalization;
using Lodestone.Core;
using Lodestone.Ui;

namespace Lodestone.Billing;

/// <summary>Plans in words, for pages.</summary>
internal static class PlanText
{
    public static string Price(Plan plan)
    {
        var period = plan.Period is PlanPeriod.Year ? "a year" : "a month";
        string[] parts =
        [
            plan.Base.IsZero ? "" : $"{Amount(plan.Base.In(plan.Currency))} {period}",
            plan.PerSeat.IsZero ? "" : $"{Amount(plan.PerSeat.In(plan.Currency))} a person and {(plan.Period is PlanPeriod.Year ? "year" : "month")}",
        ];
        return plan.IsFree ? "Free" : string.Join(" and ", parts.Where(p => p.Length > 0));
    }

    /// <summary>What is included, line by line.</summary>
    public static IEnumerable<string> Includes(Plan plan)
    {
        var each = plan.IsPerSeat ? " a person" : "";
        yield return plan.PrivateStorage is { } bytes ? $"{Readable.Bytes(bytes)} in private repositories{each}" : "Private repositories without a limit of the plan";
        yield return plan.RequestsPerMinute is { } requests ? $"{requests.ToString("N0", CultureInfo.InvariantCulture)} API requests a minute and key" : "API requests as the server allows";
        if (!plan.IncludedCredit.IsZero)
        {
            yield return $"{Amount(plan.IncludedCredit.In(plan.Currency))} of credit{each} and period";
        }

        if (!plan.PerSeat.IsZero)
        {
            yield return plan.SeatMode switch
            {
                SeatMode.Prorated => "People added later cost their days",
                SeatMode.HighWater => "Paid afterwards, by the most people at once",
                SeatMode.RenewalSnapshot => "People are counted when a period begins",
                _ => "Paid afterwards, by the day and person",
            };
        }

        if (plan.TrialDays > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{plan.TrialDays} days to try it, once");
        }
    }

    public static Tone ToneOf(Subscription subscription) => subscription.Shown switch
    {
        "active" => Tone.Good,
        "trialing" => Tone.Accent,
        "past_due" or "suspended" => Tone.Bad,
        _ => Tone.Warn,
    };

    /// <summary>How a subscription stands, as a word.</summary>
    public static string StateOf(Subscription subscription) => subscription.Shown switch
    {
        "trialing" => "on trial",
        "canceling" => "ends with its period",
        "past_due" => "past due",
        var state => state,
    };

    public static string Day(DateOnly day) => day.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>As an invoice rounds it.</summary>
    public static string Amount(Money money) => Readable.Amount(MinorUnits.HalfUp(money));
}
