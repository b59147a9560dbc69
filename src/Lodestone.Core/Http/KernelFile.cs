using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Linux's <c>sendfile(2)</c>, and <c>send(2)</c> for what goes before it.</summary>
internal static partial class KernelFile
{
    private const int Interrupted = 4; // EINTR
    private const int WouldBlock = 11; // EAGAIN
    private const int Before = 0x8000 | 0x4000 | 0x40; // MSG_MORE, MSG_NOSIGNAL, MSG_DONTWAIT

    /// <returns>Bytes that the socket took; 0 at the file's end; -1 when it is full.</returns>
    /// <exception cref="SocketException">The other side is gone.</exception>
    public static long Send(SafeSocketHandle socket, SafeFileHandle file, long offset, long count)
    {
        nint sent;
        do
        {
            sent = SendFile(socket, file, ref offset, (nint)count);
        }
        while (sent < 0 && IsInterrupted());
        return sent;
    }

    /// <summary>Sends bytes that a file will follow: the kernel makes one packet of both, which spares the receiver a waking.</summary>
    /// <inheritdoc cref="Send"/>
    public static int SendBefore(SafeSocketHandle socket, ReadOnlySpan<byte> bytes)
    {
        nint sent;
        do
        {
            sent = SendBytes(socket, bytes, bytes.Length, Before);
        }
        while (sent < 0 && IsInterrupted());
        return (int)sent;
    }

    /// <summary>Whether to call again at once. If not, the socket is full.</summary>
    private static bool IsInterrupted() => Marshal.GetLastPInvokeError() switch
    {
        Interrupted => true,
        WouldBlock => false,
        var error => throw new SocketException(error, Marshal.GetPInvokeErrorMessage(error)),
    };

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint SendBytes(SafeHandle socket, ReadOnlySpan<byte> bytes, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFile(SafeHandle socket, SafeHandle file, ref long offset, nint count);
}
