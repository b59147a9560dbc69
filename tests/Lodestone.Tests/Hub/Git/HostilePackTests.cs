using System.Net.Sockets;
using System.Text;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

/// <summary>Packs that are damaged, incomplete or meant to exhaust the server. Each is refused, changes nothing and leaves nothing behind.</summary>
public sealed class HostilePackTests : IAsyncLifetime
{
    private PushByHand _push = null!; // set before any test runs

    public async ValueTask InitializeAsync() => _push = await PushByHand.BeginAsync();

    public ValueTask DisposeAsync() => _push.DisposeAsync();

    [Fact]
    public async Task A_damaged_pack_is_refused_whatever_the_damage()
    {
        var (commit, pack) = await _push.HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 300))));
        var random = new Random(5);
        foreach (var position in Enumerable.Range(0, 8).Select(_ => random.Next(pack.Length)).Append(8).Append(pack.Length - 1))
        {
            var damaged = pack.ToArray();
            damaged[position] ^= 0x41;

            var said = await _push.PushAsync([PushByHand.Command(_push.Main, commit, "refs/heads/main")], damaged);

            Assert.Contains("ng refs/heads/main unpacker error", said, StringComparison.Ordinal);
            Assert.DoesNotContain("unpack ok", said, StringComparison.Ordinal);
            await _push.AssertUntouchedAsync();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(100)]
    [InlineData(-1)]
    public async Task A_pack_that_ends_early_is_refused(int length)
    {
        var (commit, pack) = await _push.HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 300))));

        var said = await _push.PushAsync([PushByHand.Command(_push.Main, commit, "refs/heads/main")], pack[..(length < 0 ? pack.Length + length : length)]);

        Assert.Contains("ng refs/heads/main unpacker error", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_without_an_object_that_it_needs_is_refused()
    {
        var nowhere = ObjectId.Of(GitObjectType.Blob, "nowhere"u8);
        var tree = Encoding.ASCII.GetBytes("100644 a\0").Concat(PackByHand.Bytes(nowhere)).ToArray();
        var commit = Encoding.ASCII.GetBytes($"tree {ObjectId.Of(GitObjectType.Tree, tree)}\nparent {_push.Main}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
        var pack = PackByHand.Of(PackByHand.Entry(GitObjectType.Tree, tree), PackByHand.Entry(GitObjectType.Commit, commit));

        var said = await _push.PushAsync([PushByHand.Command(_push.Main, ObjectId.Of(GitObjectType.Commit, commit).ToString(), "refs/heads/main")], pack);
        var absent = await _push.PushAsync([PushByHand.Command(null, nowhere.ToString(), "refs/tags/absent")], PackByHand.Empty);

        Assert.Contains("ng refs/heads/main", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/tags/absent missing necessary objects", absent, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_delta_without_its_base_is_refused()
    {
        byte[] delta = [5, 5, 5, 1, 2, 3, 4, 5];
        var pack = PackByHand.Of([.. PackByHand.Header(7, delta.Length), .. PackByHand.Bytes(ObjectId.Of(GitObjectType.Blob, "nowhere"u8)), .. PackByHand.Deflate(delta)]);

        var said = await _push.PushAsync([PushByHand.Command(null, _push.Main, "refs/heads/a")], pack);

        Assert.Contains("ng refs/heads/a unpacker error", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_delta_that_explodes_is_refused()
    {
        var small = new byte[0xffff];
        var delta = new MemoryStream();
        PackByHand.Varint(delta, small.Length);
        PackByHand.Varint(delta, small.Length * 100_000L); // 6.5 GB, announced and meant
        for (var i = 0; i < 100_000; i++)
        {
            delta.Write([0xb0, 0xff, 0xff]); // copy 65,535 bytes from offset 0
        }

        byte[] entry = [.. PackByHand.Header(7, delta.Length), .. PackByHand.Bytes(ObjectId.Of(GitObjectType.Blob, small)), .. PackByHand.Deflate(delta.ToArray())];

        var said = await _push.PushAsync([PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Of(PackByHand.Entry(GitObjectType.Blob, small), entry));

        Assert.Contains("unpack an object is larger than 32 MiB; keep large files in Git LFS", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_that_takes_too_long_to_unpack_is_refused()
    {
        await using var impatient = await PushByHand.BeginAsync(PushByHand.Limits with { Bounds = PushByHand.Limits.Bounds with { Computing = TimeSpan.FromSeconds(1) } });
        var zeros = new byte[0xffffff];
        var deltas = Enumerable.Range(0, 500).Select(i =>
        {
            var delta = new MemoryStream();
            PackByHand.Varint(delta, zeros.Length);
            PackByHand.Varint(delta, zeros.Length + 2);
            delta.Write([0xf0, 0xff, 0xff, 0xff, 2, (byte)i, (byte)(i >> 8)]); // all of the base and two bytes: 8 GB to hash in the end
            return (byte[])[.. PackByHand.Header(7, delta.Length), .. PackByHand.Bytes(ObjectId.Of(GitObjectType.Blob, zeros)), .. PackByHand.Deflate(delta.ToArray())];
        });

        var said = await impatient.PushAsync([PushByHand.Command(null, impatient.Main, "refs/heads/a")], PackByHand.Of([PackByHand.Entry(GitObjectType.Blob, zeros), .. deltas]));

        Assert.Contains("unpack unpacking takes more than 1 s of computing", said, StringComparison.Ordinal);
        await impatient.AssertUntouchedAsync();
    }

    [Fact]
    public async Task Zeros_that_unpack_to_much_are_refused_without_taking_the_memory()
    {
        var zeros = new byte[200 * 1024 * 1024];
        var id = ObjectId.Of(GitObjectType.Blob, zeros);
        var (commit, entries) = PackByHand.CommitOf(("zeros.txt", id), _push.Main);

        var said = await _push.PushAsync([PushByHand.Command(_push.Main, commit, "refs/heads/main")], PackByHand.Of([PackByHand.Entry(GitObjectType.Blob, zeros), .. entries]));

        Assert.Contains("zeros.txt (200.0 MiB)", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_above_the_limit_is_refused()
    {
        var noise = new byte[3_100_000];
        new Random(1).NextBytes(noise);

        var said = await _push.PushAsync([PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Of(PackByHand.Entry(GitObjectType.Blob, noise)));

        Assert.Contains("unpack the pack is too large; push fewer commits at a time", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing()
    {
        var (commit, pack) = await _push.HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 3000))));
        var body = PushByHand.Body([PushByHand.Command(_push.Main, commit, "refs/heads/main")], pack);
        foreach (var cut in (int[])[4, 60, body.Length / 2, body.Length - 1])
        {
            using (var client = new TcpClient())
            {
                await client.ConnectAsync(_push.World.Server.Url.Host, _push.World.Server.Url.Port);
                var head = $"POST /alice/compass/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_push.World.Alice.Token}\r\nContent-Length: {body.Length}\r\n\r\n";
                await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body[..cut]]);
                if (cut > 1000)
                {
                    await Eventually.TrueAsync(() => Task.FromResult(_push.Git.Leftovers().Count > 0)); // git is at work
                }
            }

            await Eventually.TrueAsync(() => Task.FromResult(_push.Git.Leftovers().Count == 0));
        }

        await _push.AssertUntouchedAsync();
    }
}
