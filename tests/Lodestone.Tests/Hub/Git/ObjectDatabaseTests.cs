using System.Globalization;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class ObjectDatabaseTests : IDisposable
{
    private readonly RealGit _git = new();

    [Fact]
    public void Every_object_of_a_deltified_pack_reads_as_git_reads_it()
    {
        MakeHistory(30);
        _git.Work("tag", "-a", "v1", "-m", "version one");
        _git.Work("push", "-q", "origin", "v1");
        _git.Bare("gc", "-q", "--aggressive");

        Assert.Contains("chain length", _git.Bare("verify-pack", "-v", PackFile()), StringComparison.Ordinal);
        AssertReadsAllObjects(_git.Open());
    }

    [Fact]
    public void Loose_objects_are_read_too()
    {
        MakeHistory(3);

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_git.BarePath, "objects", "pack"), "*.pack"));
        AssertReadsAllObjects(_git.Open());
    }

    [Fact]
    public void Deltas_that_name_their_base_by_id_are_read()
    {
        MakeHistory(10);
        _git.Bare("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq");

        AssertReadsAllObjects(_git.Open());
    }

    [Fact]
    public void An_open_repository_survives_a_repack()
    {
        MakeHistory(5);
        var repository = _git.Open();
        AssertReadsAllObjects(repository);
        for (var i = 0; i < 3; i++)
        {
            MakeHistory(2);
            _git.Bare("repack", "-adfq");
            AssertReadsAllObjects(repository);
        }
    }

    [Fact]
    public async Task Readers_see_every_object_while_git_repacks()
    {
        var repository = _git.Open();
        for (var i = 0; i < 20; i++)
        {
            await RealGit.Commit(repository, $"commit {i}", ("a", new string('x', i * 100)), ($"b{i}", $"{i}"));
        }

        var ids = AllObjects();
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var reads = 0;
            do
            {
                // A fresh opening has no files open yet, which is when a repack hurts.
                var fresh = _git.Open();
                Assert.All(ids, id => Assert.NotNull(fresh.Objects.Read(id.Id)));
                reads++;
            }
            while (!stop.IsCancellationRequested);
            return reads;
        })).ToList();
        for (var i = 0; i < 5; i++)
        {
            _git.Bare("repack", "-adfq", $"--depth={(i % 2) * 10}");
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
    }

    [Fact]
    public async Task A_large_blob_is_streamed()
    {
        var repository = _git.Open();
        var content = new byte[5_000_000];
        new Random(1).NextBytes(content);
        using var writer = repository.NewPack();
        var id = await writer.WriteBlob(new MemoryStream(content), content.Length, CancellationToken.None);
        using var pack = writer.Complete();
        await repository.Publish([pack], [], CancellationToken.None);

        await using var blob = Assert.IsType<BlobStream>(repository.Objects.OpenBlob(id));
        blob.Skip(1_000_000);
        var rest = new MemoryStream();
        await blob.CopyToAsync(rest);

        Assert.Equal(content.Length, blob.Length);
        Assert.Equal(content[1_000_000..], rest.ToArray());
    }

    [Fact]
    public void An_id_that_is_not_there_is_absent()
    {
        MakeHistory(1);

        Assert.Null(_git.Open().Objects.Read(ObjectId.Of(GitObjectType.Blob, "no such"u8)));
    }

    [Theory]
    [InlineData("pack", 0.3)]
    [InlineData("pack", 0.9)]
    [InlineData("idx", 0.3)]
    [InlineData("idx", 0.9)]
    public void A_truncated_file_is_reported(string extension, double part)
    {
        MakeHistory(10);
        _git.Bare("repack", "-adfq");
        var ids = AllObjects();
        var path = Path.ChangeExtension(PackFile(), extension);
        File.SetAttributes(path, FileAttributes.Normal);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite))
        {
            file.SetLength((long)(file.Length * part));
        }

        Assert.Throws<CorruptRepositoryException>(() =>
        {
            var repository = _git.Open();
            ids.ForEach(id => repository.Objects.Read(id.Id));
        });
    }

    [Fact]
    public void Flipped_bytes_are_reported_or_harmless_but_never_crash()
    {
        MakeHistory(10);
        _git.Bare("repack", "-adfq");
        var ids = AllObjects();
        var path = PackFile();
        File.SetAttributes(path, FileAttributes.Normal);
        var sound = File.ReadAllBytes(path);
        var reported = 0;
        for (var position = 0; position < sound.Length; position += 97)
        {
            var damaged = sound.ToArray();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(path, damaged);
            var repository = _git.Open();
            foreach (var (id, _, _) in ids)
            {
                try
                {
                    repository.Objects.Read(id);
                }
                catch (CorruptRepositoryException)
                {
                    reported++;
                }
            }
        }

        Assert.True(reported > sound.Length / 97);
    }

    [Fact]
    public void Names_that_are_not_utf8_survive()
    {
        byte[] name = [(byte)'a', 0xff, 0xe4, 0xb8, (byte)'z', 0xf0, 0x9f, 0x98, 0x80];

        Assert.Equal(name, GitName.Encode(GitName.Decode(name)));
        Assert.Equal("\ud83d\ude00", GitName.Decode(name)[^2..]);
    }

    private void MakeHistory(int commits)
    {
        var random = new Random(commits);
        for (var i = 0; i < commits; i++)
        {
            var lines = Enumerable.Range(0, 200).Select(n => n == i % 200 ? $"changed {i} {random.Next()}" : $"line {n.ToString(CultureInfo.InvariantCulture)}");
            _git.WriteWorkFile("text.txt", string.Join('\n', lines));
            _git.WriteWorkFile($"folder/{i % 7}/file-{i}.txt", $"{i}");
            _git.Work("add", "-A");
            _git.Work("commit", "-q", "-m", $"commit {i}");
        }

        _git.Work("push", "-q", "origin", "HEAD:refs/heads/main");
    }

    private void AssertReadsAllObjects(GitRepository repository)
    {
        foreach (var (id, type, size) in AllObjects())
        {
            var read = Assert.IsType<GitObject>(repository.Objects.Read(id));
            Assert.Equal(id, ObjectId.Of(read.Type, read.Content));
            Assert.Equal((type, size), (read.Type.Name(), read.Content.Length));
            Assert.Equal(new GitObjectHeader(read.Type, size), repository.Objects.Header(id));
        }
    }

    private List<(ObjectId Id, string Type, int Size)> AllObjects() =>
        [.. _git.Bare("cat-file", "--batch-check", "--batch-all-objects")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split(' '))
            .Select(p => (ObjectId.Parse(p[0]), p[1], int.Parse(p[2], CultureInfo.InvariantCulture)))];

    private string PackFile() => Directory.EnumerateFiles(Path.Combine(_git.BarePath, "objects", "pack"), "*.pack").Single();

    public void Dispose() => _git.Dispose();
}
