using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Compute;

/// <summary>
/// Makes GGUF files, each in a process of its own and one at a time on each server. A run that is cut off goes on with what the one
/// before has made; a program that breaks three times has failed.
/// </summary>
internal sealed class Converting(ModelConversions conversions, EngineLauncher engines, ConversionTurn turn, TimeProvider clock) : ITaskHandler
{
    private const int MostTries = 3;

    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        if (!turn.TryTake())
        {
            return clock.GetUtcNow() + Later;
        }

        try
        {
            await ConvertAsync(Guid.Parse(task.Key), task.Tries, cancel);
            return null;
        }
        finally
        {
            turn.Give();
        }
    }

    private async Task ConvertAsync(Guid conversionId, long tries, CancellationToken cancel)
    {
        try
        {
            if (await conversions.BeginAsync(conversionId, cancel) is { } work)
            {
                await MakeAsync(conversionId, work, tries, cancel);
                await conversions.FinishAsync(conversionId, work.Output, cancel);
            }
        }
        catch (Refusal refusal)
        {
            await conversions.FailAsync(conversionId, refusal.Message, cancel);
        }
    }

    private async Task MakeAsync(Guid conversionId, ConversionWork work, long tries, CancellationToken cancel)
    {
        if (File.Exists(work.Output))
        {
            return;
        }

        await using var run = engines.Convert(work);
        while (await run.NextAsync(cancel) is { } progress)
        {
            if (!await conversions.ReportAsync(conversionId, progress, cancel))
            {
                throw new Refusal(RefusalCode.Conflict, "It was cancelled.");
            }
        }

        if (await run.ReasonAsync() is { } reason)
        {
            throw new Refusal(EngineProcess.ModelUnloadable, reason);
        }

        if (!File.Exists(work.Output))
        {
            throw tries < MostTries ? new InvalidOperationException(run.Ending) : new Refusal(EngineProcess.ModelUnloadable, $"{run.Ending} It was tried {MostTries} times.");
        }
    }
}

/// <summary>One conversion at a time: each takes every core that it gets, and the disk.</summary>
internal sealed class ConversionTurn
{
    private int _taken;

    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    public void Give() => Volatile.Write(ref _taken, 0);
}
