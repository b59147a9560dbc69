using System.IO.Pipelines;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// Xorbs as files: the chunk records as they were sent, then their table, so that one rename makes both durable. The records of
/// a name never change once they are here, because addresses that were given out name bytes of them. Which xorbs there are for
/// anybody is said by rows (<see cref="XorbEntry"/>), not here.
/// </summary>
internal sealed class XorbStore([FromKeyedServices(XorbStore.Folder)] HashFolder folder)
{
    public const string Folder = "xorbs";

    /// <summary>Chunks whose table entries are kept in memory, of some 40 bytes each.</summary>
    private const int MostCached = 250_000;

    private readonly TableCache _tables = new(MostCached);

    /// <summary>Takes a xorb in, checking it as it comes. It is durable when this returns, and invisible before.</summary>
    /// <param name="records">Chunk records, with or without a footer; read to their end.</param>
    /// <param name="expected">What the chunks must hash to.</param>
    /// <param name="cancel">Stops the transfer; nothing is kept.</param>
    /// <returns>The table of what is stored, which may have come in other records before.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>; nothing is kept.</exception>
    public async Task<ChunkTable> WriteAsync(PipeReader records, XetHash expected, CancellationToken cancel)
    {
        var aside = folder.NewAside();
        try
        {
            return Place(aside, await ReceiveAsync(records, expected, aside, cancel));
        }
        finally
        {
            File.Delete(aside); // renamed away when all went well
        }
    }

    /// <summary>Makes a xorb of our own. It is durable when this returns, and invisible before.</summary>
    /// <param name="write">Adds the chunks; at least one.</param>
    /// <param name="cancel">Nothing is kept.</param>
    /// <returns>The table of what is stored, which may have come in other records before.</returns>
    public async Task<ChunkTable> MakeAsync(Func<XorbWriter, Task> write, CancellationToken cancel)
    {
        var aside = folder.NewAside();
        try
        {
            ChunkTable table;
            using (var file = HashFolder.CreateFile(aside, 0))
            {
                using var writer = new XorbWriter(file);
                await write(writer);
                table = await writer.FinishAsync(cancel);
                RandomAccess.FlushToDisk(file);
            }

            return Place(aside, table);
        }
        finally
        {
            File.Delete(aside); // renamed away when all went well
        }
    }

    /// <summary>What a xorb is made of; null when it is not here.</summary>
    public ChunkTable? Table(XetHash xorb)
    {
        if (_tables.Find(xorb) is { } known)
        {
            return known;
        }

        try
        {
            using var file = Open(xorb);
            return _tables.Add(ChunkTable.Read(file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The chunk records, from 0. The table stands behind them.</summary>
    /// <exception cref="IOException">There is no such xorb: <see cref="FileNotFoundException"/> or <see cref="DirectoryNotFoundException"/>.</exception>
    public SafeFileHandle Open(XetHash xorb) =>
        File.OpenHandle(folder.PathOf(xorb.ToString()), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);

    /// <summary>Deletes a xorb, unless somebody has sent it since.</summary>
    /// <returns>Whether it was deleted.</returns>
    public bool Discard(XetHash xorb, DateTimeOffset unusedSince)
    {
        _tables.Remove(xorb);
        return folder.Discard(xorb.ToString(), unusedSince);
    }

    /// <summary>Every xorb that is here, with the bytes of its file.</summary>
    public IEnumerable<(XetHash Hash, long Size)> List() => folder.List().Select(file => (XetHash.Parse(file.Hash), file.Size));

    private static async Task<ChunkTable> ReceiveAsync(PipeReader records, XetHash expected, string aside, CancellationToken cancel)
    {
        using var file = HashFolder.CreateFile(aside, 0);
        var table = await XorbIntake.CopyAsync(records, file, cancel);
        if (table.Xorb != expected)
        {
            throw new Refusal(RefusalCode.Invalid, $"The chunks hash to {table.Xorb}, not to {expected}. Nothing was stored; build the xorb again.");
        }

        await table.WriteAsync(file, cancel);
        RandomAccess.FlushToDisk(file);
        return table;
    }

    private ChunkTable Place(string aside, ChunkTable table)
    {
        if (folder.Place(aside, table.Xorb.ToString()))
        {
            _tables.Remove(table.Xorb); // of an earlier file of the name, which is gone
            return _tables.Add(table);
        }

        return Table(table.Xorb) ?? throw new IOException($"Xorb {table.Xorb} went away while it was sent again.");
    }
}
