using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Bytes from a pipe into a file, a block at a time, hashed while they are being written.</summary>
internal static class BlobIntake
{
    private static readonly RefusalCode SizeMismatch = new("size_mismatch", 422);

    /// <param name="content">Read to its end.</param>
    /// <param name="file">May be under <see cref="DirectWrites"/>, which end with the last block.</param>
    /// <param name="offset">Where in the file the first byte goes.</param>
    /// <param name="expected">How many bytes must come, if known.</param>
    /// <param name="hash">Takes all bytes in, if given.</param>
    /// <returns>How many bytes came.</returns>
    /// <exception cref="Refusal"><c>size_mismatch</c>.</exception>
    public static async Task<long> CopyAsync(
        PipeReader content, SafeFileHandle file, long offset, long? expected, IncrementalHash? hash, CancellationToken cancel)
    {
        using var block = PageBlock.Rent();
        for (var size = 0L; ;)
        {
            var filled = await FillAsync(content, block.Memory, cancel);
            if (size + filled > expected)
            {
                throw WrongSize(expected.Value, "more");
            }

            await TakeAsync(block.Memory[..filled], file, offset + size, hash, cancel);
            size += filled;
            if (filled < block.Memory.Length)
            {
                return size >= (expected ?? 0) ? size : throw WrongSize(expected!.Value, size.ToString(CultureInfo.InvariantCulture)); // null is never more
            }
        }
    }

    /// <returns>Bytes; fewer than there is room for only at the end.</returns>
    private static async ValueTask<int> FillAsync(PipeReader content, Memory<byte> block, CancellationToken cancel)
    {
        for (var filled = 0; ;)
        {
            var read = await content.ReadAsync(cancel);
            var some = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, block.Length - filled));
            foreach (var segment in some)
            {
                segment.CopyTo(block[filled..]);
                filled += segment.Length;
            }

            var isAtEnd = read.IsCompleted && some.Length == read.Buffer.Length;
            content.AdvanceTo(some.End);
            if (isAtEnd || filled == block.Length)
            {
                return filled;
            }
        }
    }

    private static async Task TakeAsync(ReadOnlyMemory<byte> bytes, SafeFileHandle file, long offset, IncrementalHash? hash, CancellationToken cancel)
    {
        if (bytes.Length % DirectWrites.Unit != 0)
        {
            DirectWrites.End(file);
        }

        var writing = RandomAccess.WriteAsync(file, bytes, offset, cancel);
        hash?.AppendData(bytes.Span); // meanwhile
        await writing;
    }

    private static Refusal WrongSize(long expected, string actual) =>
        new(SizeMismatch, string.Create(CultureInfo.InvariantCulture, $"{expected} bytes were announced but {actual} came. Nothing was stored; upload the file again."));
}
