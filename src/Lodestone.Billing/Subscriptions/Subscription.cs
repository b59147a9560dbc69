namespace Lodestone.Billing;

/// <summary>An account's plan, period after period.</summary>
internal sealed class Subscription
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string Family { get; init; }

    public required Guid PlanId { get; set; }

    public required SubscriptionState State { get; set; }

    /// <summary>IANA name, of the present period: where its days begin. It follows the account's with the next.</summary>
    public required string TimeZone { get; set; }

    /// <summary>What periods are counted from.</summary>
    public required DateOnly Anchor { get; set; }

    public required long PeriodNumber { get; set; }

    /// <summary>The present span; null while nothing is charged: paused, suspended beyond its period, or ended.</summary>
    public Guid? SpanId { get; set; }

    public Guid? NextPlanId { get; set; }

    public DateOnly? ChangesOn { get; set; }

    public DateOnly? CancelsOn { get; set; }

    /// <summary>When a pause ends of itself.</summary>
    public DateOnly? ResumesOn { get; set; }

    /// <summary>When something happens of itself next.</summary>
    public required DateTimeOffset DueAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>What the plan includes is the account's.</summary>
    public bool IsGood => State is SubscriptionState.Trialing or SubscriptionState.Active or SubscriptionState.PastDue;

    /// <summary>As told: a plan that goes on is another thing than one that ends with its period.</summary>
    public string Shown => CancelsOn is not null && IsGood ? "canceling" : State.ToWire();

    public void Schedule(Guid planId, DateOnly on) => (NextPlanId, ChangesOn) = (planId, on);

    /// <summary>The change that was to come does not.</summary>
    public void Withdraw() => (NextPlanId, ChangesOn) = (null, null);

    public void End(DateTimeOffset now)
    {
        (State, EndedAt, SpanId) = (SubscriptionState.Canceled, now, null);
        (NextPlanId, ChangesOn, CancelsOn, ResumesOn) = (null, null, null, null);
    }
}

internal enum SubscriptionState
{
    Trialing,
    Active,

    /// <summary>The account owes; the plan goes on.</summary>
    PastDue,

    /// <summary>The account owes for long: nothing of the plan is the account's until it has paid.</summary>
    Suspended,

    /// <summary>On the account's wish nothing is charged, and nothing of the plan is the account's.</summary>
    Paused,

    Canceled,
}
