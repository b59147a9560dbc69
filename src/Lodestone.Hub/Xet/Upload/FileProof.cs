using System.Buffers;
using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>Rebuilds a file once, chunk by chunk, to know its SHA-256. Holds some chunks in memory, however large the file is.</summary>
internal static class FileProof
{
    private const int AtOnce = 1024 * 1024; // bytes; at least the largest record

    /// <param name="terms">Of xorbs that are stored.</param>
    public static async Task<Sha256Digest> HashAsync(XorbStore store, IReadOnlyList<FileTerm> terms, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (records, content) = (ArrayPool<byte>.Shared.Rent(AtOnce), ArrayPool<byte>.Shared.Rent(Chunker.MostSize));
        try
        {
            foreach (var term in terms)
            {
                await AppendAsync(store, term, hash, records, content, cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(records);
            ArrayPool<byte>.Shared.Return(content);
        }

        return Sha256Digest.FromHash(hash.GetHashAndReset());
    }

    private static async Task AppendAsync(XorbStore store, FileTerm term, IncrementalHash hash, byte[] records, byte[] content, CancellationToken cancel)
    {
        using var file = store.Open(term.Xorb);
        var table = store.Table(term.Xorb) ?? throw new IOException($"Xorb {term.Xorb} went away while it was read.");
        for (int from = term.FirstChunk, to; from < term.EndChunk; from = to)
        {
            for (to = from + 1; to < term.EndChunk && table.RecordStart(to + 1) - table.RecordStart(from) <= AtOnce; to++)
            {
            }

            var start = table.RecordStart(from);
            await FillAsync(file, records.AsMemory(0, table.RecordStart(to) - start), start, cancel);
            for (var chunk = from; chunk < to; chunk++)
            {
                var record = records.AsSpan(table.RecordStart(chunk) - start, table.RecordStart(chunk + 1) - table.RecordStart(chunk));
                var unpacked = content.AsSpan(0, table.UnpackedStart(chunk + 1) - table.UnpackedStart(chunk));
                ChunkCodec.Decode(ChunkRecord.Read(record).Compression, record[ChunkRecord.HeaderSize..], unpacked);
                hash.AppendData(unpacked);
            }
        }
    }

    private static async Task FillAsync(SafeFileHandle file, Memory<byte> bytes, long offset, CancellationToken cancel)
    {
        for (var filled = 0; filled < bytes.Length;)
        {
            var count = await RandomAccess.ReadAsync(file, bytes[filled..], offset + filled, cancel);
            filled += count > 0 ? count : throw new EndOfStreamException("A xorb's file is shorter than its table says.");
        }
    }
}
