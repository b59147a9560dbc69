namespace Lodestone.Gateway;

/// <summary>What was said in one call, sealed; only for accounts that chose so.</summary>
internal sealed class KeptBody
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string RequestId { get; init; }

    /// <summary>A <see cref="SaidInCall"/> as JSON, sealed for its account.</summary>
    public required byte[] Sealed { get; init; }

    public required DateTimeOffset StoredAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>An account's choice about its bodies.</summary>
internal sealed class BodyChoice
{
    /// <summary>The account's.</summary>
    public required Guid Id { get; init; }

    /// <summary>At least 1.</summary>
    public required long KeepDays { get; set; }

    public required DateTimeOffset ChangedAt { get; set; }
}

/// <param name="Request">As the client sent it.</param>
/// <param name="Answer">As the client was sent it: JSON, or a stream's events.</param>
internal sealed record SaidInCall(string Request, string Answer);
