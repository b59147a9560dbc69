using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Hub;

/// <summary>GGUF files to be made of models: what there is to do, for whoever runs the program that does it.</summary>
public sealed class ModelConversions
{
    /// <summary>Of the leased tasks, whose keys are conversions' ids.</summary>
    public const string TaskKind = "hub.convert_model";

    private readonly HubDb _db;
    private readonly ConversionFiles _files;
    private readonly ConversionResults _results;
    private readonly TimeProvider _clock;

    internal ModelConversions(HubDb db, ConversionFiles files, ConversionResults results, TimeProvider clock)
    {
        _db = db;
        _files = files;
        _results = results;
        _clock = clock;
    }

    /// <summary>Begins, or goes on after a server was stopped: what a run before has made is still there.</summary>
    /// <returns>Null when there is nothing more to do.</returns>
    public async Task<ConversionWork?> BeginAsync(Guid conversionId, CancellationToken cancel)
    {
        var one = await _db.Conversions.AsNoTracking().SingleOrDefaultAsync(c => c.Id == conversionId, cancel);
        if (one is not { IsUnderWay: true })
        {
            _files.Remove(conversionId);
            return null;
        }

        await _db.WriteAsync(inner => Open(conversionId).ExecuteUpdateAsync(c => c.SetProperty(x => x.State, ConversionState.Running), inner), cancel);
        var name = await _db.Repos.Where(r => r.Id == one.RepoId).Select(r => r.OwnerName + "/" + r.Name).SingleAsync(cancel); // goes with it
        return new ConversionWork(await _files.LayOutAsync(one, cancel), Path.Combine(_files.FolderOf(one.Id), "made.gguf"), one.Type, name);
    }

    /// <param name="progress">0 to 1.</param>
    /// <returns>False: it was cancelled.</returns>
    public async Task<bool> ReportAsync(Guid conversionId, double progress, CancellationToken cancel) =>
        await _db.WriteAsync(inner => Open(conversionId).ExecuteUpdateAsync(c => c.SetProperty(x => x.Progress, progress), inner), cancel) == 1;

    /// <summary>The file is made: it is committed.</summary>
    /// <exception cref="Refusal">Whoever asked may not commit it any more, or there is no room for it.</exception>
    public async Task FinishAsync(Guid conversionId, string file, CancellationToken cancel)
    {
        if (await Open(conversionId).AsNoTracking().SingleOrDefaultAsync(cancel) is { } one)
        {
            var commit = await _results.CommitAsync(one, file, cancel);
            await _db.EndAsync(conversionId, ConversionState.Done, null, commit, _clock, cancel);
        }

        _files.Remove(conversionId);
    }

    public async Task FailAsync(Guid conversionId, string why, CancellationToken cancel)
    {
        await _db.EndAsync(conversionId, ConversionState.Failed, why, null, _clock, cancel);
        _files.Remove(conversionId);
    }

    private IQueryable<ModelConversion> Open(Guid conversionId) =>
        _db.Conversions.Where(c => c.Id == conversionId && (c.State == ConversionState.Waiting || c.State == ConversionState.Running));
}

/// <param name="Source">A folder with safetensors, or a GGUF file.</param>
/// <param name="Output">Where the file is to be; if it is there, it is whole.</param>
/// <param name="Type">As llama.cpp names it; null: as the weights are stored.</param>
/// <param name="Name">Of the model, for the file.</param>
public sealed record ConversionWork(string Source, string Output, string? Type, string Name);

/// <summary>Has those go on that were asked for before the server stopped between two writes.</summary>
internal sealed class ConversionStart(IServiceScopeFactory scopes, Tasks tasks, TimeProvider clock) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDb>();
        foreach (var id in await db.Conversions.Where(c => c.State == ConversionState.Waiting || c.State == ConversionState.Running).Select(c => c.Id).ToListAsync(cancellationToken))
        {
            await tasks.ScheduleAsync(ModelConversions.TaskKind, id.ToString(), clock.GetUtcNow(), new { }, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
