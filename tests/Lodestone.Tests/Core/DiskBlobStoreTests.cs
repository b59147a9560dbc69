using System.IO.Pipelines;
using System.Security.Cryptography;
using Lodestone.Core;

namespace Lodestone.Tests.Core;

[NoDatabase]
public sealed class DiskBlobStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lodestone-blobs-").FullName;
    private readonly DiskBlobStore _blobs;

    public DiskBlobStoreTests() => _blobs = new DiskBlobStore(new HashFolder(new StorageOptions { DataDirectory = _directory }, "blobs", TimeProvider.System));

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(4095, true)]
    [InlineData(4096, false)]
    [InlineData(1024 * 1024, true)] // what is written at once
    [InlineData((1024 * 1024) + 1, true)]
    [InlineData((2 * 1024 * 1024) - 4096, false)]
    [InlineData(3_000_000, false)]
    public async Task What_was_written_is_read_back_under_its_digest(int size, bool isAnnounced)
    {
        var bytes = RandomNumberGenerator.GetBytes(size);

        var blob = await _blobs.WriteAsync(PipeReader.Create(new MemoryStream(bytes)), expected: null, isAnnounced ? size : null, CancellationToken.None);

        Assert.Equal(Sha256Digest.FromHash(SHA256.HashData(bytes)), blob.Digest);
        Assert.Equal(bytes.Length, await _blobs.FindAsync(blob.Digest, CancellationToken.None));
        await using var read = await _blobs.OpenAsync(blob.Digest, CancellationToken.None);
        Assert.Equal(bytes, await ReadAllAsync(read));
    }

    [Fact]
    public async Task The_same_bytes_are_stored_once()
    {
        var bytes = RandomNumberGenerator.GetBytes(1000);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _blobs.WriteAsync(PipeReader.Create(new MemoryStream(bytes)), null, null, CancellationToken.None)));

        Assert.Single(Files());
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1001)]
    public async Task A_wrong_size_leaves_nothing_behind(long announced)
    {
        var refusal = await Assert.ThrowsAsync<Refusal>(() => _blobs.WriteAsync(PipeReader.Create(new MemoryStream(new byte[1000])), null, announced, CancellationToken.None));

        Assert.Equal("size_mismatch", refusal.Code.Code);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_wrong_digest_leaves_nothing_behind()
    {
        var other = Sha256Digest.FromHash(SHA256.HashData([1]));

        var refusal = await Assert.ThrowsAsync<Refusal>(() => _blobs.WriteAsync(PipeReader.Create(new MemoryStream([2])), other, null, CancellationToken.None));

        Assert.Equal("digest_mismatch", refusal.Code.Code);
        Assert.Null(await _blobs.FindAsync(other, CancellationToken.None));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task An_interrupted_transfer_leaves_nothing_behind()
    {
        await Assert.ThrowsAsync<IOException>(() => _blobs.WriteAsync(PipeReader.Create(new BrokenStream()), null, null, CancellationToken.None));

        Assert.Empty(Files());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string[] Files() => Directory.GetFiles(_directory, "*", SearchOption.AllDirectories);

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        var memory = new MemoryStream();
        await stream.CopyToAsync(memory);
        return memory.ToArray();
    }

    private sealed class BrokenStream : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _reads++ < 3 ? ValueTask.FromResult(Math.Min(buffer.Length, 1 << 19)) : throw new IOException("The connection was reset.");
    }
}
