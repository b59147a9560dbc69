using System.IO.Pipelines;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Bytes of a file into an answer: by the kernel where it can send them itself, else read and written.</summary>
internal static class ContentSending
{
    /// <summary>Bytes read at once: the connections' buffers have as many.</summary>
    private const int ReadAtOnce = 256 * 1024;

    /// <summary>Bytes that the kernel is told to send at once.</summary>
    private const int SentAtOnce = 1024 * 1024;

    /// <param name="content">At its byte <paramref name="start"/>.</param>
    /// <param name="length">Bytes to send; the content has them.</param>
    /// <param name="progress">Is told of each byte that is on its way.</param>
    public static async Task SendAsync(HttpContext context, Stream content, long start, long length, SendingProgress progress)
    {
        var cancel = context.RequestAborted;
        await context.Response.StartAsync(cancel); // from here on the writer hands out the connection's own buffers
        await ((content, context.FileSending()) switch
        {
            (FileStream file, { } sending) => SendFileAsync(sending, new FilePiece(file.SafeFileHandle, start, length), context.Response.BodyWriter, progress, cancel),
            (RebuiltStream rebuilt, { } sending) => SendRebuiltAsync(sending, rebuilt, context.Response.BodyWriter, length, progress, cancel),
            _ => CopyAsync(content, context.Response.BodyWriter, length, progress, cancel),
        });
    }

    private static async Task SendFileAsync(IFileSending sending, FilePiece piece, PipeWriter response, SendingProgress progress, CancellationToken cancel)
    {
        sending.Begin([piece]);
        try
        {
            await PretendAsync(response, piece.Length, progress, cancel);
        }
        finally
        {
            sending.End();
        }
    }

    /// <summary>What is stored as it is goes from the xorbs' files; the rest is unpacked, each piece while the one before it is sent.</summary>
    private static async Task SendRebuiltAsync(IFileSending sending, RebuiltStream content, PipeWriter response, long length, SendingProgress progress, CancellationToken cancel)
    {
        var pieces = new List<FilePiece>();
        await using var unpacked = new UnpackedAhead(content, length);
        for (var isRead = true; length > 0 && isRead;)
        {
            pieces.Clear();
            long count;
            if (await unpacked.NextAsync() is { IsEmpty: false } bytes)
            {
                count = bytes.Length;
                sending.Begin(bytes);
            }
            else
            {
                count = content.TakePlain(Math.Min(SentAtOnce, length), pieces);
                sending.Begin(count > 0 ? pieces : throw new EndOfStreamException("A stored file is shorter than it should be."));
            }

            try
            {
                isRead = await PretendAsync(response, count, progress, cancel);
            }
            finally
            {
                sending.End();
            }

            length -= count;
        }
    }

    /// <summary>Writes as many bytes as the file has, whatever they are: the connection sends the file's.</summary>
    /// <returns>False when nobody reads any more.</returns>
    private static async Task<bool> PretendAsync(PipeWriter response, long length, SendingProgress progress, CancellationToken cancel)
    {
        for (int count; length > 0; length -= count)
        {
            count = (int)Math.Min(SentAtOnce, length);
            response.GetMemory(count);
            response.Advance(count);
            var isRead = !(await response.FlushAsync(cancel)).IsCompleted;
            progress.Count += count;
            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }

    /// <returns>False when nobody reads any more.</returns>
    private static async Task<bool> CopyAsync(Stream content, PipeWriter response, long length, SendingProgress progress, CancellationToken cancel)
    {
        while (length > 0)
        {
            var memory = response.GetMemory((int)Math.Min(ReadAtOnce, length));
            var read = await content.ReadAsync(memory[..(int)Math.Min(memory.Length, length)], cancel);
            if (read == 0)
            {
                throw new EndOfStreamException("A stored file is shorter than it should be.");
            }

            response.Advance(read);
            length -= read;
            var isRead = !(await response.FlushAsync(cancel)).IsCompleted;
            progress.Count += read;
            if (!isRead)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>How far the sending of a file has come, also when it is cut off.</summary>
internal sealed class SendingProgress
{
    /// <summary>First byte of the file that is sent.</summary>
    public long Start { get; set; }

    /// <summary>Bytes handed over to the connection.</summary>
    public long Count { get; set; }
}
