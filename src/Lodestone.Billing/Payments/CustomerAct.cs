namespace Lodestone.Billing;

/// <summary>What an operator did about an account's debts or payments, and why. Never changed.</summary>
internal sealed class CustomerAct
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>In words, such as <c>promised to pay by 2026-05-01</c>.</summary>
    public required string Act { get; init; }

    public required string Reason { get; init; }

    public required Guid DoneBy { get; init; }

    public required string DoerName { get; init; }

    public required DateTimeOffset DoneAt { get; init; }
}
