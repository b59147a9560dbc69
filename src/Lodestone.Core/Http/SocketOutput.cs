using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// Lets the kernel send files. A connection's answers are written to its socket by us instead of by Kestrel's transport, which
/// can send only what is in memory; so a file's bytes go from the page cache to the socket and are never copied by this process.
/// Linux only, and not beneath TLS; elsewhere files are read and written like everything else.
/// </summary>
public static class SocketOutput
{
    /// <summary>Has to come before anything else that looks at the connection's bytes.</summary>
    public static void UseSocketOutput(this ListenOptions listen) => listen.Use(next => connection => ServeAsync(next, connection, listen.ApplicationServices));

    /// <summary>What sends files on the connection of a request, where something does.</summary>
    public static IFileSending? FileSending(this HttpContext context) =>
        context.Request.IsHttps || !HttpProtocol.IsHttp11(context.Request.Protocol) ? null : context.Features.Get<IFileSending>();

    /// <summary>What answers the next ranges on the connection of a request, where something does.</summary>
    public static IRangeRepeats? RangeRepeats(this HttpContext context) => context.FileSending() is null ? null : context.Features.Get<IRangeRepeats>();

    private static async Task ServeAsync(ConnectionDelegate next, ConnectionContext connection, IServiceProvider services)
    {
        var (transport, pool) = (connection.Transport, connection.Features.Get<IMemoryPoolFeature>()?.MemoryPool);
        if (!OperatingSystem.IsLinux() || pool is null || connection.Features.Get<IConnectionSocketFeature>() is not { Socket.ProtocolType: ProtocolType.Tcp } feature)
        {
            await next(connection);
            return;
        }

        var output = new SocketWriter(feature.Socket, transport.Output, pool);
        var input = new RangeReader(transport.Input, output, connection, services.GetRequiredService<AccessChanges>(), services.GetRequiredService<TimeProvider>());
        connection.Transport = new Both(input, output);
        connection.Features.Set<IRangeRepeats>(input);
        connection.Features.Set<IFileSending>(output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            input.Drop();
        }
    }

    private sealed record Both(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

/// <summary>A piece of a file.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FilePiece(SafeFileHandle File, long Offset, long Length);

/// <summary>A connection that can send files, or bytes that lie elsewhere, in place of what is written.</summary>
public interface IFileSending
{
    /// <summary>From now on, every byte that is written to the response stands for the pieces' next byte, whatever it is; until <see cref="End"/>.</summary>
    /// <param name="pieces">In order. No more may be written than they have.</param>
    void Begin(IReadOnlyList<FilePiece> pieces);

    /// <summary>The same with bytes of the caller's, which stay as they are until <see cref="End"/>: they need not be copied into the connection's buffers.</summary>
    void Begin(ReadOnlyMemory<byte> bytes);

    /// <summary>What is written is sent again. Everything must have been flushed.</summary>
    void End();
}
