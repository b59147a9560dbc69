using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>
/// The digest of an upload, taken in order as its parts come in any order, from the page cache while they are fresh: completing
/// a file of any size then takes no longer than its last part. A restart begins at the first byte again.
/// </summary>
internal sealed class PartHash(SafeFileHandle data, PartialBlob upload) : IDisposable
{
    private const int AtOnce = 1 << 20;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    // Guards _hash and _done: one hashes, the others leave it to that one, or to whoever completes.
    private readonly SemaphoreSlim _turn = new(1);
    private int _done;

    public async Task AdvanceAsync(Func<int, bool> has, CancellationToken cancel)
    {
        if (!_turn.Wait(0, CancellationToken.None))
        {
            return;
        }

        try
        {
            while (_done < upload.Parts && has(_done + 1))
            {
                cancel.ThrowIfCancellationRequested();
                await TakeAsync(_done + 1);
                _done++;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>All parts must be there.</summary>
    public async Task<Sha256Digest> FinishAsync()
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            for (; _done < upload.Parts; _done++)
            {
                await TakeAsync(_done + 1);
            }

            return Sha256Digest.FromHash(_hash.GetCurrentHash());
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _hash.Dispose();
        _turn.Dispose();
    }

    /// <summary>A whole part, or the digest begins anew.</summary>
    private async Task TakeAsync(int number)
    {
        var (offset, end) = (upload.OffsetOf(number), upload.OffsetOf(number) + upload.LengthOf(number));
        var buffer = ArrayPool<byte>.Shared.Rent(AtOnce);
        try
        {
            while (offset < end)
            {
                var read = await RandomAccess.ReadAsync(data, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - offset)), offset, CancellationToken.None);
                if (read == 0)
                {
                    throw new EndOfStreamException("A part of an upload is shorter than it should be.");
                }

                _hash.AppendData(buffer, 0, read);
                offset += read;
            }
        }
        catch
        {
            _hash.GetHashAndReset(); // what was taken of this part cannot be taken back
            _done = 0;
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
