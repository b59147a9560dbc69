using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>Passes an engine's answer on to a client as it comes, and says how it ended. One flush for what one read brought.</summary>
internal sealed partial class Relay(GatewayOptions options, TimeProvider clock, ILogger<Relay> log)
{
    /// <summary>Engines that one call may outlive.</summary>
    public const int MostAttempts = 3;

    /// <summary>Runs to the answer's end, whatever that is: nothing is thrown, so the call can be settled in one place.</summary>
    public async Task<Ending> RunAsync(Call call, CancellationToken clientLeft)
    {
        using var deadline = new CancellationTokenSource(options.AnswerWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clientLeft, deadline.Token);
        try
        {
            await AnswerAsync(call, either.Token);
            return new Ending(call.Answer.IsCut ? CallOutcome.Stopped : CallOutcome.Completed, null);
        }
        catch (Exception) when (clientLeft.IsCancellationRequested)
        {
            return new Ending(CallOutcome.ClientLeft, null);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return new Ending(CallOutcome.TimedOut, GatewayRefusals.TooSlow(options.AnswerWithin));
        }
        catch (Exception failure)
        {
            return new Ending(CallOutcome.BackendFailed, failure);
        }
    }

    // An engine that dies before the client has a token is replaced unseen.
    private async Task AnswerAsync(Call call, CancellationToken cancel)
    {
        for (var attempt = 1; !await TryAnswerAsync(call, cancel); attempt++)
        {
            if (call.Answer.Delivered.OutputTokens > 0 || attempt == MostAttempts || !await call.Backend.FailOverAsync(cancel))
            {
                throw call.Backend.Loss;
            }

            call.Answer.Restart();
            call.Trace.Did("failover", $"to {call.Backend.Place}");
        }
    }

    /// <returns>False when the engine went away before the end.</returns>
    private async Task<bool> TryAnswerAsync(Call call, CancellationToken cancel)
    {
        try
        {
            await using var events = await KeepingAliveAsync(call.Backend.OpenAsync(call.Request, call.Size, cancel), call.Answer);
            var hasBegun = false;
            while (hasBegun ? await events.WaitAsync(cancel) : await KeepingAliveAsync(events.WaitAsync(cancel).AsTask(), call.Answer))
            {
                events.Take(call.Answer);
                await call.Answer.FlushAsync(cancel);
                call.Delivery.Reached(call.Answer.Delivered);
                if (!hasBegun && call.Answer.Made.OutputTokens > 0)
                {
                    hasBegun = true;
                    GatewayMetrics.FirstToken(clock.GetElapsedTime(call.StartedAt));
                    call.Trace.HasToken();
                }
            }

            return true;
        }
        catch (Exception gone) when (EngineEvents.IsEngineGone(gone, cancel))
        {
            call.Trace.Did("attempt", $"{call.Backend.Place}: {(gone is BackendFault ? gone.Message : "the connection was lost")}", isBad: true);
            call.Backend.Fail(gone);
            EngineGone(log, call.Model, call.Answer.Delivered.OutputTokens, gone);
            return false;
        }
    }

    // The comments are written only while nothing else is: the work reads from the engine and writes nothing.
    private async Task<T> KeepingAliveAsync<T>(Task<T> work, Answer answer)
    {
        while (true)
        {
            try
            {
                return await work.WaitAsync(options.KeepAliveEvery, clock);
            }
            catch (TimeoutException) when (!work.IsCompleted)
            {
                await answer.KeepAliveAsync(CancellationToken.None); // a client that left is noticed by the work
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The engine of {Model} went away after {Delivered} delivered tokens")]
    private static partial void EngineGone(ILogger log, string model, long delivered, Exception gone);
}

/// <summary>A call that has been reserved and is about to be dispatched.</summary>
/// <param name="Model">The model's name, for the log.</param>
/// <param name="Backend">What answers.</param>
/// <param name="Request">What it is asked.</param>
/// <param name="Size">What was reserved.</param>
/// <param name="Answer">What the client gets.</param>
/// <param name="Delivery">What the client pays for.</param>
/// <param name="Trace">What is noted about it.</param>
/// <param name="StartedAt">When the call came: a timestamp of the clock.</param>
internal sealed record Call(string Model, ICallBackend Backend, EngineRequest Request, CallSize Size, Answer Answer, Delivery Delivery, CallTrace Trace, long StartedAt);

/// <param name="Outcome">How the answer ended.</param>
/// <param name="Fault">What to tell the client; absent when it has everything, or is gone.</param>
internal sealed record Ending(CallOutcome Outcome, Exception? Fault)
{
    /// <summary>The fault in words for the client. What failed on our side is not spelled out.</summary>
    public Refusal Refusal => Fault as Refusal ?? GatewayRefusals.EngineLost();
}
