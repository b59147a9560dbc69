using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// What is decided about one call as it is decided: names, numbers and reasons, never what is said in it. One thread at a time uses it.
/// </summary>
internal sealed class CallTrace(string requestId, Caller caller, string operation, TimeProvider clock)
{
    private readonly long _began = clock.GetTimestamp();
    private readonly List<TraceStep> _steps = new(8);
    private long _mark;

    public string RequestId => requestId;

    public Caller Caller => caller;

    /// <summary>As the GenAI conventions name it.</summary>
    public string Operation => operation;

    public DateTimeOffset StartedAt { get; } = clock.GetUtcNow();

    public IReadOnlyList<TraceStep> Steps => _steps;

    public TimeSpan Elapsed => clock.GetElapsedTime(_began);

    /// <summary>As the caller named it, until it was found.</summary>
    public string Model { get; set; } = "";

    public Guid? ProductId { get; private set; }

    /// <summary>The call's in the ledger; absent when nothing was reserved.</summary>
    public Guid? HoldId { get; set; }

    /// <summary>What answered: <c>engine</c>, or a back-end's id.</summary>
    public string Place { get; set; } = "";

    public bool IsStreamed { get; set; }

    public TimeSpan? FirstToken { get; private set; }

    public TimeSpan Total { get; private set; }

    /// <summary>Absent when the call was refused before it was made.</summary>
    public CallOutcome? Outcome { get; private set; }

    public CallUsage Usage { get; private set; } = new(0, 0);

    public Measurement? Measurement { get; private set; }

    public string? Finish { get; private set; }

    public Settlement? Settlement { get; set; }

    public int Status { get; private set; } = StatusCodes.Status200OK;

    /// <summary>The refusal's.</summary>
    public string? Code { get; private set; }

    /// <summary>The request's; one that nobody reads where it is traced by nobody.</summary>
    public static CallTrace Of(HttpContext http, Caller caller, TimeProvider clock) =>
        http.Features.Get<CallTrace>() ?? new CallTrace(http.TraceIdentifier, caller, "chat", clock);

    /// <summary>Notes a step that began where the one before it ended.</summary>
    public void Did(string name, string what, bool isBad = false)
    {
        var now = Micros(Elapsed);
        _steps.Add(new TraceStep(name, what, _mark, now - _mark, isBad));
        _mark = now;
    }

    public void Found(CalledModel model)
    {
        (Model, ProductId) = (model.Id, model.ProductId);
        Did("route", model.Weights is null ? $"{model.Id}, answered elsewhere" : $"{model.Id} at {model.Revision}, answered by an engine here");
    }

    public void HasToken()
    {
        FirstToken = Elapsed;
        Did("first token", "after the prompt was read");
    }

    public void Answered(CallOutcome outcome, CallUsage usage, Measurement measurement, string? finish)
    {
        (Outcome, Usage, Measurement, Finish) = (outcome, usage, measurement, finish);
        Did("answer", $"{outcome}, {Number(usage.InputTokens)} tokens in and {Number(usage.OutputTokens)} out by {measurement}", outcome is CallOutcome.BackendFailed or CallOutcome.TimedOut);
    }

    public void Refused(Refusal refusal)
    {
        (Status, Code) = (refusal.Code.Status, refusal.Code.Code);
        Did("refused", $"{refusal.Code.Status} {refusal.Code.Code}", isBad: true); // the sentence may quote the request
    }

    public void Failed(int status) => (Status, Code) = (status, "internal_error");

    public void End() => Total = Elapsed;

    /// <summary>Whether somebody who watches the model would call it down: we or its back-end failed, not the caller.</summary>
    public bool IsFault => Outcome is CallOutcome.BackendFailed or CallOutcome.TimedOut || (Outcome is null && Status >= StatusCodes.Status500InternalServerError);

    public static long Micros(TimeSpan time) => (long)time.TotalMicroseconds;

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <param name="Name">What was decided or done.</param>
/// <param name="What">How, in words for the caller.</param>
/// <param name="Start">Microseconds after the call came.</param>
/// <param name="Length">Microseconds.</param>
/// <param name="IsBad">It stood in the call's way.</param>
internal sealed record TraceStep(string Name, string What, long Start, long Length, bool IsBad);
