using System.Text.Json;
using Lodestone.Billing;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>A call that was made or refused here. What it cost is in the ledger; this says what it came to when it ended.</summary>
internal sealed class LoggedCall
{
    public required Guid Id { get; init; }

    public required string RequestId { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid CallerId { get; init; }

    /// <summary>The access token used.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>Empty when the request did not get so far.</summary>
    public required string Model { get; init; }

    public required string Operation { get; init; }

    /// <summary><c>engine</c>, a back-end's id, or empty.</summary>
    public required string Place { get; init; }

    public required bool IsStreamed { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long Status { get; init; }

    public required LoggedOutcome Outcome { get; init; }

    /// <summary>The refusal's.</summary>
    public string? Code { get; init; }

    /// <summary>Why the answer ended.</summary>
    public string? Finish { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    public Measurement? Measurement { get; init; }

    /// <summary>An amount and its currency; absent when nothing was recorded.</summary>
    public string? Charged { get; init; }

    public long? FirstTokenMicros { get; init; }

    public required long TotalMicros { get; init; }

    /// <summary>A JSON array of <see cref="TraceStep"/>.</summary>
    public required string Steps { get; init; }

    public IReadOnlyList<TraceStep> ReadSteps() => JsonSerializer.Deserialize(Steps, GatewayJson.Default.IReadOnlyListTraceStep) ?? [];

    public static LoggedCall Of(CallTrace trace) => new()
    {
        Id = trace.HoldId ?? Guid.CreateVersion7(trace.StartedAt),
        RequestId = trace.RequestId,
        AccountId = trace.Caller.Id,
        CallerId = trace.Caller.Id,
        KeyId = trace.Caller.CredentialId == Guid.Empty ? null : trace.Caller.CredentialId,
        Model = trace.Model.Length <= LongestModel ? trace.Model : trace.Model[..LongestModel],
        Operation = trace.Operation,
        Place = trace.Place,
        IsStreamed = trace.IsStreamed,
        StartedAt = trace.StartedAt,
        Status = trace.Status,
        Outcome = trace.Outcome switch
        {
            CallOutcome.Completed => LoggedOutcome.Completed,
            CallOutcome.Stopped => LoggedOutcome.Stopped,
            CallOutcome.ClientLeft => LoggedOutcome.ClientLeft,
            CallOutcome.TimedOut => LoggedOutcome.TimedOut,
            null when trace.Status == StatusCodes.Status499ClientClosedRequest => LoggedOutcome.ClientLeft,
            null => trace.Code is null ? LoggedOutcome.Repeated : LoggedOutcome.Refused,
            _ => LoggedOutcome.Failed,
        },
        Code = trace.Code,
        Finish = trace.Finish,
        InputTokens = trace.Usage.InputTokens,
        OutputTokens = trace.Usage.OutputTokens,
        Measurement = trace.Measurement,
        Charged = trace.Settlement is { } settled ? $"{settled.Charged} {settled.Charged.Currency.Code}" : null,
        FirstTokenMicros = trace.FirstToken is { } first ? CallTrace.Micros(first) : null,
        TotalMicros = CallTrace.Micros(trace.Total),
        Steps = JsonSerializer.Serialize(trace.Steps, GatewayJson.Default.IReadOnlyListTraceStep),
    };

    private const int LongestModel = 200;
}

/// <summary>What a call came to, for lists.</summary>
public enum LoggedOutcome
{
    Completed,

    /// <summary>The answer reached the token limit.</summary>
    Stopped,

    ClientLeft,
    TimedOut,
    Failed,

    /// <summary>It was not made.</summary>
    Refused,

    /// <summary>The answer of an earlier call with the same idempotency key.</summary>
    Repeated,
}
