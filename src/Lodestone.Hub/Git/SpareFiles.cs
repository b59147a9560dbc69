using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Empty files made ahead of the commits that will name them. Some file systems take longer to make a file than to fill it and name it
/// (ext4 without a journal passes over every file that was deleted in the last five seconds), and a commit needs three. There are none
/// before the first was asked for, nor where the disk does not know unnamed files.
/// </summary>
internal sealed class SpareFiles(StorageOptions storage) : BackgroundService
{
    private const int Most = 48;

    // Taken by publishers, filled by the loop alone.
    private readonly ConcurrentQueue<SafeFileHandle> _files = new();

    // Asks the loop to fill up.
    private readonly SemaphoreSlim _asked = new(0);

    /// <returns>Null: make one.</returns>
    public SafeFileHandle? TryTake()
    {
        if (_files.Count <= Most / 2 && _asked.CurrentCount == 0)
        {
            _asked.Release();
        }

        return _files.TryDequeue(out var file) ? file : null;
    }

    public override void Dispose()
    {
        base.Dispose();
        while (_files.TryDequeue(out var file))
        {
            file.Dispose();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var folder = Path.Combine(storage.DataDirectory, "repositories");
        do
        {
            await _asked.WaitAsync(stoppingToken);
        }
        while (TryFill(folder));
    }

    private bool TryFill(string folder)
    {
        while (_files.Count < Most)
        {
            if (UnnamedFile.TryCreate(folder) is not { } file)
            {
                return !Directory.Exists(folder); // else the disk does not know them
            }

            _files.Enqueue(file);
        }

        return true;
    }
}
