using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>Deletes copies that are not needed any more, every few hours. Each server has copies of its own, so this is no leased task.</summary>
internal sealed partial class CopyCare(FileCopies copies, IServiceScopeFactory scopes, TimeProvider clock, ILogger<CopyCare> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(6);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await copies.SweepAsync(digest => IsHeldAsync(digest.Hex, stoppingToken));
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                NotSwept(log, failure);
            }
        }
    }

    private async Task<bool> IsHeldAsync(string sha256, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<HubDb>().LfsObjects.AnyAsync(o => o.Sha256 == sha256, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not look for copies that are not needed any more")]
    private static partial void NotSwept(ILogger log, Exception failure);
}
