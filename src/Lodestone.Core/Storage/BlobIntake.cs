using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Bytes from a pipe into a file, hashed from the pipe's own buffers while those are being written.</summary>
internal static class BlobIntake
{
    /// <summary>Bytes to gather before a write: more makes no difference, less costs a call for each.</summary>
    private const int AtOnce = 256 * 1024;

    private static readonly RefusalCode SizeMismatch = new("size_mismatch", 422);

    /// <param name="content">Read to its end.</param>
    /// <param name="offset">Where in the file the first byte goes.</param>
    /// <param name="expected">How many bytes must come, if known.</param>
    /// <param name="hash">Takes all bytes in, if given.</param>
    /// <returns>How many bytes came.</returns>
    /// <exception cref="Refusal"><c>size_mismatch</c>.</exception>
    public static async Task<long> CopyAsync(
        PipeReader content, SafeFileHandle file, long offset, long? expected, IncrementalHash? hash, CancellationToken cancel)
    {
        for (var size = 0L; ;)
        {
            var read = await content.ReadAtLeastAsync(AtOnce, cancel);
            try
            {
                if (size + read.Buffer.Length > expected)
                {
                    throw WrongSize(expected.Value, "more");
                }

                await TakeAsync(read.Buffer, file, offset + size, hash, cancel);
                size += read.Buffer.Length;
            }
            finally
            {
                content.AdvanceTo(read.Buffer.End);
            }

            if (read.IsCompleted)
            {
                return size >= (expected ?? 0) ? size : throw WrongSize(expected!.Value, size.ToString(CultureInfo.InvariantCulture)); // null is never more
            }
        }
    }

    private static async Task TakeAsync(ReadOnlySequence<byte> bytes, SafeFileHandle file, long offset, IncrementalHash? hash, CancellationToken cancel)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        var hashing = hash is null ? Task.CompletedTask : Task.Run(() => Append(hash, bytes), CancellationToken.None);
        try
        {
            await RandomAccess.WriteAsync(file, Segments(bytes), offset, cancel);
        }
        finally
        {
            await hashing; // until then the buffers are in use
        }
    }

    private static void Append(IncrementalHash hash, ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
        {
            hash.AppendData(segment.Span);
        }
    }

    private static List<ReadOnlyMemory<byte>> Segments(ReadOnlySequence<byte> bytes)
    {
        var segments = new List<ReadOnlyMemory<byte>>();
        foreach (var segment in bytes)
        {
            segments.Add(segment);
        }

        return segments;
    }

    private static Refusal WrongSize(long expected, string actual) =>
        new(SizeMismatch, string.Create(CultureInfo.InvariantCulture, $"{expected} bytes were announced but {actual} came. Nothing was stored; upload the file again."));
}
