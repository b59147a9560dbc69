using System.IO.Pipelines;
using Lodestone.Core;

namespace Lodestone.Tests.Server;

[NoDatabase]
public sealed class GcCommandTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("lodestone-gc-").FullName;

    [Fact]
    public async Task A_dry_run_says_what_would_be_freed_and_a_run_frees_it()
    {
        var folder = new HashFolder(new StorageOptions { DataDirectory = _data }, "blobs", TimeProvider.System);
        var store = new DiskBlobStore(folder);
        var blob = await store.WriteAsync(PipeReader.Create(new MemoryStream(new byte[1500])), null, null, CancellationToken.None);

        var waiting = await RunAsync("7.00:00:00", "--dry-run");
        var dry = await RunAsync("00:00:00", "--dry-run");
        var isStillThere = await store.FindAsync(blob.Digest, CancellationToken.None) is not null;
        var run = await RunAsync("00:00:00");

        Assert.Contains("waiting: 1 (1.5 kB)", waiting, StringComparison.Ordinal);
        Assert.Contains("Would free: 0 (0 bytes)", waiting, StringComparison.Ordinal);
        Assert.Contains("Would free: 1 (1.5 kB)", dry, StringComparison.Ordinal);
        Assert.True(isStillThere);
        Assert.Contains("Freed: 1 (1.5 kB)", run, StringComparison.Ordinal);
        Assert.Null(await store.FindAsync(blob.Digest, CancellationToken.None));
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private async Task<string> RunAsync(string wait, params string[] arguments)
    {
        var outcome = await Executable.RunAsync(
            Executable.Lodestone, ["gc", .. arguments, "--data", _data], environment: new Dictionary<string, string> { ["Hub__ReclaimAfter"] = wait });
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }
}
