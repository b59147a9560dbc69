using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>Linux's <c>sendfile(2)</c>.</summary>
internal static partial class KernelFile
{
    private const int Interrupted = 4; // EINTR
    private const int WouldBlock = 11; // EAGAIN

    /// <returns>Bytes that the socket took; 0 at the file's end; -1 when it is full.</returns>
    /// <exception cref="SocketException">The other side is gone.</exception>
    public static long Send(SafeSocketHandle socket, SafeFileHandle file, long offset, long count)
    {
        while (true)
        {
            var sent = SendFile(socket, file, ref offset, (nint)count);
            if (sent >= 0)
            {
                return sent;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case WouldBlock:
                    return -1;
                case Interrupted:
                    break;
                case var error:
                    throw new SocketException(error, Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFile(SafeHandle socket, SafeHandle file, ref long offset, nint count);
}
