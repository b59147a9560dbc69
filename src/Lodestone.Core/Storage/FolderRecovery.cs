using Microsoft.Extensions.Hosting;

namespace Lodestone.Core;

/// <summary>Removes what uploads left that were under way when the server was killed.</summary>
internal sealed class FolderRecovery(HashFolder folder) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        folder.Recover();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
