using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Git;

/// <summary>Requests that no git would send. Each is answered, changes nothing and leaves nothing behind.</summary>
public sealed class HostilePushTests : IAsyncLifetime
{
    private const string Report = "report-status side-band-64k";

    private static readonly PushLimits Limits = new()
    {
        Commands = 20,
        Pack = 3_000_000,
        Bounds = new GitBounds(LargestAllocation: 32 * 1024 * 1024, AddressSpace: 2L * 1024 * 1024 * 1024, Computing: TimeSpan.FromSeconds(20)),
    };

    private World _world = null!; // set before any test runs
    private GitRepository _git = null!;
    private string _main = "";

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(services => services.AddSingleton(Limits));
        await _world.As(_world.Alice).CreateRepoAsync("alice/compass");
        _git = await _world.GitAsync("alice/compass");
        _main = _git.References.Find("refs/heads/main")!.ToString()!;
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("zzzz")]
    [InlineData("0003")]
    [InlineData("ffff0123")]
    [InlineData("0010hello world")]
    [InlineData("0009hello0000")]
    public async Task What_is_not_the_protocol_is_refused(string body)
    {
        using var answer = await PostAsync(Encoding.ASCII.GetBytes(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task Too_many_commands_are_refused()
    {
        var commands = Enumerable.Range(0, 21).Select(i => Command(null, _main, $"refs/heads/{i}"));

        using var answer = await PostAsync(Body(commands, EmptyPack()));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("A push may change 20 references", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Theory]
    [InlineData("refs/heads/a..b", "not a valid name of a branch")]
    [InlineData("refs/heads/../../config", "not a valid name of a branch")]
    [InlineData("refs/heads/a.lock", "not a valid name of a branch")]
    [InlineData("refs/heads/a\u0001b", "not a valid name of a branch")]
    [InlineData("refs/tags/", "not a valid name of a tag")]
    [InlineData("refs/heads", "only branches and tags")]
    [InlineData("HEAD", "only branches and tags")]
    [InlineData("config", "only branches and tags")]
    [InlineData("/etc/passwd", "only branches and tags")]
    public async Task A_bad_name_is_refused(string name, string reason)
    {
        var said = await PushAsync([Command(null, _main, name)], EmptyPack());

        Assert.Contains("unpack ok", said, StringComparison.Ordinal);
        Assert.Contains($"ng {name} {reason}", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_reference_named_twice_moves_neither_way()
    {
        var said = await PushAsync([Command(null, _main, "refs/heads/a"), Command(null, _main, "refs/heads/a")], EmptyPack());

        Assert.Contains("ng refs/heads/a named twice in one push", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task What_is_stale_must_be_fetched_first()
    {
        var nothing = new string('1', 40);

        var said = await PushAsync([Command(nothing, _main, "refs/heads/main"), Command(nothing, null, "refs/heads/gone"), Command(null, null, "refs/heads/no")], EmptyPack());

        Assert.Contains("ng refs/heads/main fetch first", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/heads/gone fetch first", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/heads/no there is no such reference to delete", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_deletion_needs_no_pack()
    {
        await PushAsync([Command(null, _main, "refs/heads/a")], EmptyPack());

        var said = await PushAsync([Command(_main, null, "refs/heads/a")], []);

        Assert.Contains("ok refs/heads/a", said, StringComparison.Ordinal);
        Assert.Null(_git.References.Find("refs/heads/a"));
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_client_may_ask_for_no_report_and_no_side_band()
    {
        using var silent = await PostAsync(Body([Command(null, _main, "refs/heads/a")], EmptyPack(), ""));
        using var plain = await PostAsync(Body([Command(null, _main, "refs/heads/b")], EmptyPack(), "report-status"));
        using var probe = await PostAsync("0000"u8.ToArray());

        Assert.Equal("", await silent.Content.ReadAsStringAsync());
        Assert.Equal("000eunpack ok\n0014ok refs/heads/b\n0000", await plain.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, ""), (probe.StatusCode, await probe.Content.ReadAsStringAsync()));
        Assert.Equal(3, _git.References.List().Count);
    }

    [Fact]
    public async Task A_zipped_push_is_read_and_a_broken_one_refused()
    {
        var body = Body([Command(null, _main, "refs/heads/a")], EmptyPack());
        var zipped = Zip(body);

        using var good = await PostAsync(zipped, "gzip");
        using var cut = await PostAsync(zipped[..20], "gzip");
        using var wrong = await PostAsync(body, "gzip");

        Assert.Contains("ok refs/heads/a", await good.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (cut.StatusCode, wrong.StatusCode));
        Assert.Empty(_git.Leftovers());
    }

    [Fact]
    public async Task A_damaged_pack_is_refused_whatever_the_damage()
    {
        var (commit, pack) = await HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 300))));
        var random = new Random(5);
        foreach (var position in Enumerable.Range(0, 8).Select(_ => random.Next(pack.Length)).Append(8).Append(pack.Length - 1))
        {
            var damaged = pack.ToArray();
            damaged[position] ^= 0x41;

            var said = await PushAsync([Command(_main, commit, "refs/heads/main")], damaged);

            Assert.Contains("ng refs/heads/main unpacker error", said, StringComparison.Ordinal);
            Assert.DoesNotContain("unpack ok", said, StringComparison.Ordinal);
            await AssertUntouchedAsync();
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
        var (commit, pack) = await HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 300))));

        var said = await PushAsync([Command(_main, commit, "refs/heads/main")], pack[..(length < 0 ? pack.Length + length : length)]);

        Assert.Contains("ng refs/heads/main unpacker error", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_without_an_object_that_it_needs_is_refused()
    {
        var nowhere = ObjectId.Of(GitObjectType.Blob, "nowhere"u8);
        var tree = Encoding.ASCII.GetBytes("100644 a\0").Concat(Bytes(nowhere)).ToArray();
        var commit = Encoding.ASCII.GetBytes($"tree {ObjectId.Of(GitObjectType.Tree, tree)}\nparent {_main}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
        var pack = Pack(Entry(GitObjectType.Tree, tree), Entry(GitObjectType.Commit, commit));

        var said = await PushAsync([Command(_main, ObjectId.Of(GitObjectType.Commit, commit).ToString(), "refs/heads/main")], pack);
        var absent = await PushAsync([Command(null, nowhere.ToString(), "refs/tags/absent")], EmptyPack());

        Assert.Contains("ng refs/heads/main", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/tags/absent missing necessary objects", absent, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_delta_without_its_base_is_refused()
    {
        byte[] delta = [5, 5, 5, 1, 2, 3, 4, 5];
        var pack = Pack([.. Header(7, delta.Length), .. Bytes(ObjectId.Of(GitObjectType.Blob, "nowhere"u8)), .. Deflate(delta)]);

        var said = await PushAsync([Command(null, _main, "refs/heads/a")], pack);

        Assert.Contains("ng refs/heads/a unpacker error", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_delta_that_explodes_is_refused()
    {
        var small = new byte[0xffff];
        var delta = new MemoryStream();
        Varint(delta, small.Length);
        Varint(delta, small.Length * 100_000L); // 6.5 GB, announced and meant
        for (var i = 0; i < 100_000; i++)
        {
            delta.Write([0xb0, 0xff, 0xff]); // copy 65,535 bytes from offset 0
        }

        byte[] entry = [.. Header(7, delta.Length), .. Bytes(ObjectId.Of(GitObjectType.Blob, small)), .. Deflate(delta.ToArray())];

        var said = await PushAsync([Command(null, _main, "refs/heads/a")], Pack(Entry(GitObjectType.Blob, small), entry));

        Assert.Contains("unpack an object is larger than 32 MiB; keep large files in Git LFS", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_that_takes_too_long_to_unpack_is_refused()
    {
        await using var impatient = await World.CreateAsync(services => services.AddSingleton(Limits with { Bounds = Limits.Bounds with { Computing = TimeSpan.FromSeconds(1) } }));
        await impatient.As(impatient.Alice).CreateRepoAsync("alice/compass");
        var zeros = new byte[0xffffff];
        var deltas = Enumerable.Range(0, 500).Select(i =>
        {
            var delta = new MemoryStream();
            Varint(delta, zeros.Length);
            Varint(delta, zeros.Length + 2);
            delta.Write([0xf0, 0xff, 0xff, 0xff, 2, (byte)i, (byte)(i >> 8)]); // all of the base and two bytes: 8 GB to hash in the end
            return (byte[])[.. Header(7, delta.Length), .. Bytes(ObjectId.Of(GitObjectType.Blob, zeros)), .. Deflate(delta.ToArray())];
        });
        using var content = new ByteArrayContent(Body([Command(null, _main, "refs/heads/a")], Pack([Entry(GitObjectType.Blob, zeros), .. deltas])));

        using var answer = await impatient.As(impatient.Alice).PostAsync("/alice/compass/git-receive-pack", content);

        Assert.Contains("unpack unpacking takes more than 1 s of computing", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await (await impatient.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task Zeros_that_unpack_to_much_are_refused_without_taking_the_memory()
    {
        var zeros = new byte[200 * 1024 * 1024];
        var id = ObjectId.Of(GitObjectType.Blob, zeros);
        var (commit, entries) = CommitOf(("zeros.txt", id));

        var said = await PushAsync([Command(_main, commit, "refs/heads/main")], Pack([Entry(GitObjectType.Blob, zeros), .. entries]));

        Assert.Contains("zeros.txt (200.0 MiB)", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_pack_above_the_limit_is_refused()
    {
        var noise = new byte[3_100_000];
        new Random(1).NextBytes(noise);

        var said = await PushAsync([Command(null, _main, "refs/heads/a")], Pack(Entry(GitObjectType.Blob, noise)));

        Assert.Contains("unpack the pack is too large; push fewer commits at a time", said, StringComparison.Ordinal);
        await AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_leaves_nothing()
    {
        var (commit, pack) = await HonestAsync(("a.txt", string.Join('\n', Enumerable.Range(0, 3000))));
        var body = Body([Command(_main, commit, "refs/heads/main")], pack);
        foreach (var cut in (int[])[4, 60, body.Length / 2, body.Length - 1])
        {
            using (var client = new TcpClient())
            {
                await client.ConnectAsync(_world.Server.Url.Host, _world.Server.Url.Port);
                var head = $"POST /alice/compass/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_world.Alice.Token}\r\nContent-Length: {body.Length}\r\n\r\n";
                await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body[..cut]]);
                if (cut > 1000)
                {
                    await Eventually.TrueAsync(() => Task.FromResult(_git.Leftovers().Count > 0)); // git is at work
                }
            }

            await Eventually.TrueAsync(() => Task.FromResult(_git.Leftovers().Count == 0));
        }

        await AssertUntouchedAsync();
    }

    private async Task AssertUntouchedAsync()
    {
        Assert.Equal([$"refs/heads/main {_main}"], _git.References.List().Select(r => $"{r.Name} {r.Target}"));
        Assert.Single(Directory.EnumerateFiles(_git.Objects.PackFolder, "*.pack"));
        await _git.AssertSoundAsync();
    }

    private async Task<string> PushAsync(IEnumerable<string> commands, byte[] pack)
    {
        using var answer = await PostAsync(Body(commands, pack));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<HttpResponseMessage> PostAsync(byte[] body, string? encoding = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-receive-pack-request");
        if (encoding is not null)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        return await _world.As(_world.Alice).PostAsync("/alice/compass/git-receive-pack", content);
    }

    private static string Command(string? old, string? @new, string name) => $"{old ?? ObjectId.Zero.ToString()} {@new ?? ObjectId.Zero.ToString()} {name}";

    private static byte[] Body(IEnumerable<string> commands, byte[] pack, string capabilities = Report) =>
        [.. commands.SelectMany((command, i) => PktLine.Of(i == 0 ? $"{command}\0 {capabilities}" : command)), .. PktLine.Flush, .. pack];

    /// <summary>A good commit on main, and the pack that brings it.</summary>
    private async Task<(string Commit, byte[] Pack)> HonestAsync(params (string Path, string Content)[] files)
    {
        using var copy = await WorkingCopy.CloneAsync(_world, _world.Alice, "alice/compass");
        var commit = await copy.CommitAsync("honest", files);
        var name = await copy.GitAsync("pack-objects", "--revs", "--all", "-q", Path.Combine(copy.Folder, "honest"));
        return (commit, await File.ReadAllBytesAsync(Path.Combine(copy.Folder, $"honest-{name}.pack")));
    }

    private (string Commit, byte[][] Entries) CommitOf((string Name, ObjectId Id) file)
    {
        byte[] tree = [.. Encoding.ASCII.GetBytes($"100644 {file.Name}\0"), .. Bytes(file.Id)];
        var commit = Encoding.ASCII.GetBytes(
            $"tree {ObjectId.Of(GitObjectType.Tree, tree)}\nparent {_main}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
        return (ObjectId.Of(GitObjectType.Commit, commit).ToString(), [Entry(GitObjectType.Tree, tree), Entry(GitObjectType.Commit, commit)]);
    }

    private static byte[] EmptyPack() => Pack();

    private static byte[] Pack(params byte[][] entries)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(count, entries.Length);
        byte[] pack = [.. "PACK\0\0\0\u0002"u8, .. count, .. entries.SelectMany(e => e)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(pack);
        return [.. pack, .. hash.GetHashAndReset()];
    }

    private static byte[] Entry(GitObjectType type, byte[] content) => [.. Header((int)type, content.Length), .. Deflate(content)];

    private static byte[] Header(int kind, long size)
    {
        var header = new List<byte> { (byte)((kind << 4) | (int)(size & 15)) };
        for (size >>= 4; size > 0; size >>= 7)
        {
            header[^1] |= 0x80;
            header.Add((byte)(size & 0x7f));
        }

        return [.. header];
    }

    private static void Varint(MemoryStream output, long value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            output.WriteByte((byte)(value | 0x80));
        }

        output.WriteByte((byte)value);
    }

    private static byte[] Deflate(byte[] content)
    {
        using var output = new MemoryStream();
        using (var deflate = new ZLibStream(output, CompressionLevel.Fastest))
        {
            deflate.Write(content);
        }

        return output.ToArray();
    }

    private static byte[] Zip(byte[] content)
    {
        using var output = new MemoryStream();
        using (var zip = new GZipStream(output, CompressionLevel.Fastest))
        {
            zip.Write(content);
        }

        return output.ToArray();
    }

    private static byte[] Bytes(ObjectId id)
    {
        var bytes = new byte[ObjectId.Size];
        id.CopyTo(bytes);
        return bytes;
    }
}
