using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>Cuts large files that came whole into chunks, in the order in which they came, where the server is set so.</summary>
internal sealed partial class Chunking(HubDb db, HubOptions options, Conversion conversion, TimeProvider clock, ILogger<Chunking> log) : ITaskHandler
{
    public const string Kind = "hub.chunk_large_files";

    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>Bytes. Smaller files have hardly more than a chunk.</summary>
    private const long Least = 128 * 1024;

    private const int AtOnce = 50;

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        if (options.ChunkLargeFiles)
        {
            await RunAsync(cancel);
        }

        return clock.GetUtcNow() + Every;
    }

    /// <summary>All that there are.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var failed = new List<string>();
        while (true)
        {
            var some = await db.LfsObjects.AsNoTracking()
                .Where(o => o.Size >= Least && o.UnreferencedSince == null && !failed.Contains(o.Sha256) && !db.ChunkedFiles.Any(f => f.Sha256 == o.Sha256))
                .OrderBy(o => o.CreatedAt).ThenBy(o => o.Sha256).Take(AtOnce).ToListAsync(cancel);
            if (some.Count == 0)
            {
                return;
            }

            foreach (var file in some.DistinctBy(o => o.Sha256))
            {
                await ConvertAsync(file, failed, cancel);
            }
        }
    }

    private async Task ConvertAsync(LfsObject file, List<string> failed, CancellationToken cancel)
    {
        try
        {
            var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == file.RepoId, cancel) ?? throw new IOException("Its repository is gone.");
            await conversion.RunAsync(Sha256Digest.Parse(file.Sha256), repo, cancel);
            Converted(log, file.Sha256, file.Size);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or Refusal)
        {
            NotConverted(log, file.Sha256, failure); // it is served as it is, and tried again in the next run
            failed.Add(file.Sha256);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "File {Sha256} of {Size} bytes is kept as chunks")]
    private static partial void Converted(ILogger log, string sha256, long size);

    [LoggerMessage(Level = LogLevel.Warning, Message = "File {Sha256} could not be cut into chunks")]
    private static partial void NotConverted(ILogger log, string sha256, Exception failure);
}
