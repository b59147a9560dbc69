using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>An account that is topped up by itself where little is left.</summary>
internal sealed class AutoTopUp
{
    private static readonly TimeSpan[] Waits = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];

    /// <summary>The account.</summary>
    public required Guid Id { get; init; }

    public required string AccountName { get; set; }

    public required Currency Currency { get; init; }

    /// <summary>Below it the account is topped up; running calls are deducted.</summary>
    public required StoredMoney Threshold { get; set; }

    public required StoredMoney Amount { get; set; }

    /// <summary>The most in a calendar month of the account.</summary>
    public required StoredMoney MonthlyCap { get; set; }

    public required Guid SetBy { get; set; }

    /// <summary>One after another.</summary>
    public long Failures { get; private set; }

    public DateTimeOffset NotBefore { get; private set; }

    /// <summary>The last of which it is known how it ended.</summary>
    public Guid? CountedTopUpId { get; private set; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Somebody has looked after it: what failed before does not matter.</summary>
    public void Set(Money threshold, Money amount, Money monthlyCap, Guid setBy, DateTimeOffset now)
    {
        (Threshold, Amount, MonthlyCap, SetBy) = (threshold, amount, monthlyCap, setBy);
        (Failures, NotBefore, UpdatedAt) = (0, now, now);
    }

    /// <summary>Takes down how one has ended; after each failure it waits longer.</summary>
    public void Count(TopUp ended)
    {
        CountedTopUpId = ended.Id;
        if (ended.State is TopUpState.Succeeded)
        {
            Failures = 0;
            return;
        }

        Fail(ended.UpdatedAt);
    }

    public void Fail(DateTimeOffset at) => (NotBefore, Failures) = (at + Waits[Math.Min((int)Failures, Waits.Length - 1)], Failures + 1);
}
