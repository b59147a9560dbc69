using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>
/// Repositories that live through random histories in step with each other, as the server's parts see them, and what must be
/// readable in each, which is known independently.
/// </summary>
internal sealed class ReclaimWorld : IAsyncDisposable
{
    private const int Steps = 8;
    private const int Files = 500;

    private readonly UnservedHub _hub;
    private readonly Random _random;
    private readonly byte[][] _contents = [.. Enumerable.Range(1, Files).Select(i => LfsCalls.Bytes(100 + i, i))];

    private ReclaimWorld(UnservedHub hub, Random random) => (_hub, _random) = (hub, random);

    public static async Task<ReclaimWorld> CreateAsync(Random random) => new(await UnservedHub.CreateAsync(), random);

    /// <summary>New repositories from their first commit to their last, a reclaim now and then, and two at the end.</summary>
    public async Task LiveAsync(int count, string what)
    {
        var repos = new List<RandomHistory>();
        for (var i = 0; i < count; i++)
        {
            await using var scope = _hub.Services.CreateAsyncScope();
            repos.Add(await RandomHistory.BeginAsync(scope.ServiceProvider, _contents, _random.Next()));
        }

        for (var step = 0; step < Steps; step++)
        {
            _hub.Clock.Advance(TimeSpan.FromHours(_random.Next(200)));
            await Task.WhenAll(_random.Next(3) == 0 ? ReclaimAsync() : Task.CompletedTask, StepAsync(repos));
            await Task.WhenAll(repos.Select(repo => repo.AssertReadableAsync(_hub.Services, what)));
        }

        for (var reclaims = 0; reclaims < 3; reclaims++)
        {
            await ReclaimAsync();
            _hub.Clock.Advance(TimeSpan.FromDays(8));
        }

        await Task.WhenAll(repos.Select(repo => repo.AssertReadableAsync(_hub.Services, what)));
        var reached = repos.SelectMany(repo => repo.Reached).Select(i => LfsCalls.Digest(_contents[i])).Distinct().Order(StringComparer.Ordinal);
        var stored = _hub.Services.GetRequiredService<IBlobStore>().List().Select(b => b.Digest.Hex).Order(StringComparer.Ordinal);
        Assert.Equal(reached, stored);
        foreach (var repo in repos)
        {
            await using var scope = _hub.Services.CreateAsyncScope();
            await repo.DeleteAsync(scope.ServiceProvider);
        }
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    private async Task StepAsync(IReadOnlyList<RandomHistory> repos)
    {
        foreach (var repo in repos)
        {
            await using var scope = _hub.Services.CreateAsyncScope();
            await repo.StepAsync(scope.ServiceProvider, ReclaimAsync);
        }
    }

    private async Task ReclaimAsync()
    {
        await using var scope = _hub.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Reclaim>().RunAsync(isDryRun: false, CancellationToken.None);
    }
}

/// <summary>One repository, and by the side of it what its references hold: a set of files for every commit.</summary>
internal sealed class RandomHistory
{
    private static readonly GitSignature Author = Git.RealGit.Alice;
    private const int FilesOfOne = 6;

    private static readonly string[] Paths = ["a.bin", "b.bin", "deep/a.bin", "deep/er/c.bin"];

    private readonly Guid _id;
    private readonly byte[][] _contents;
    private readonly Random _random;

    // By reference: every commit in its history, newest first, as the files that it has by path.
    private readonly Dictionary<string, List<Dictionary<string, int>>> _references = new(StringComparer.Ordinal);
    private readonly HashSet<int> _uploaded = [];
    private readonly int _first;
    private bool _isDeleted;

    private RandomHistory(Guid id, byte[][] contents, int seed)
    {
        (_id, _contents, _random) = (id, contents, new Random(seed));
        _first = _random.Next(contents.Length);
    }

    /// <summary>Files that some commit of some reference has.</summary>
    public IEnumerable<int> Reached => _references.Values.SelectMany(history => history).SelectMany(tree => tree.Values).Distinct();

    public static async Task<RandomHistory> BeginAsync(IServiceProvider services, byte[][] contents, int seed)
    {
        var (id, now) = (PublicId.New(services.GetRequiredService<TimeProvider>()), services.GetRequiredService<TimeProvider>().GetUtcNow());
        var name = PublicId.ToHub(id);
        var db = services.GetRequiredService<HubDb>();
        db.Repos.Add(new Repo
        {
            Id = id, Type = RepoType.Model, OwnerId = id, OwnerName = "some", Name = name, PathLower = $"some/{name}", IsPrivate = false, CreatedBy = id, CreatedAt = now, UpdatedAt = now,
        });
        await db.SaveChangesAsync();
        services.GetRequiredService<RepoStore>().Create(id);
        var repo = new RandomHistory(id, contents, seed);
        await repo.CommitAsync(services, "refs/heads/main", () => Task.CompletedTask);
        return repo;
    }

    public async Task StepAsync(IServiceProvider services, Func<Task> reclaim)
    {
        if (_isDeleted)
        {
            return;
        }

        var name = _references.Keys.Order(StringComparer.Ordinal).ElementAt(_random.Next(_references.Count));
        await (_random.Next(20) switch
        {
            < 8 => CommitAsync(services, name, reclaim),
            < 10 => UploadAsync(services, Some()), // and never committed, or much later
            < 12 => PointAsync(services, $"refs/heads/b{_random.Next(3)}", name),
            < 14 => PointAsync(services, $"refs/tags/t{_random.Next(3)}", name),
            < 17 => RemoveAsync(services, name),
            < 19 => SquashAsync(services, name),
            _ => DeleteAsync(services),
        });
    }

    /// <summary>That the repository holds all that its references reach, and that the store has the bytes.</summary>
    public async Task AssertReadableAsync(IServiceProvider root, string what)
    {
        await using var scope = root.CreateAsyncScope();
        var (db, blobs) = (scope.ServiceProvider.GetRequiredService<HubDb>(), root.GetRequiredService<IBlobStore>());
        var held = await db.LfsObjects.Where(o => o.RepoId == _id).Select(o => o.Sha256).ToListAsync();
        foreach (var i in Reached)
        {
            var digest = Sha256Digest.Parse(LfsCalls.Digest(_contents[i]));
            Assert.True(held.Contains(digest.Hex), $"{what}: a repository lost file {i}");
            await using var content = await blobs.OpenAsync(digest, CancellationToken.None);
            var read = new MemoryStream();
            await content.CopyToAsync(read);
            Assert.Equal(_contents[i], read.ToArray());
        }
    }

    public async Task DeleteAsync(IServiceProvider services)
    {
        if (!_isDeleted)
        {
            var db = services.GetRequiredService<HubDb>();
            db.Repos.Remove(await db.Repos.FindAsync(_id) ?? throw new InvalidOperationException("The repository is gone."));
            await db.SaveChangesAsync();
            services.GetRequiredService<RepoStore>().Delete(_id);
            _isDeleted = true;
            _references.Clear();
        }
    }

    /// <summary>One of a few that this repository has again and again, and some others have too.</summary>
    private int Some() => (_first + _random.Next(FilesOfOne)) % _contents.Length;

    /// <summary>
    /// As a client does: asks whether the file is here, uploads it if not, commits it, maybe with a deletion. What it relies on though
    /// no reference does is what a reclaim between the two would like to take.
    /// </summary>
    private async Task CommitAsync(IServiceProvider services, string name, Func<Task> reclaim)
    {
        var file = Some();
        var isLost = !_uploaded.Add(file) && !Reached.Contains(file);
        await UploadAsync(services, file);
        if (isLost && _random.Next(4) == 0)
        {
            await reclaim();
        }

        var before = _references.GetValueOrDefault(name) ?? [];
        var tree = new Dictionary<string, int>(before is [var head, ..] ? head : [], StringComparer.Ordinal) { [Paths[_random.Next(Paths.Length)]] = file };
        if (_random.Next(3) == 0)
        {
            tree.Remove(tree.Keys.First());
        }

        await PublishAsync(services, name, tree, isOrphan: false);
        _references[name] = [tree, .. before];
    }

    private async Task SquashAsync(IServiceProvider services, string name)
    {
        await PublishAsync(services, name, _references[name][0], isOrphan: true);
        _references[name] = [_references[name][0]];
    }

    private async Task PointAsync(IServiceProvider services, string name, string target)
    {
        var git = services.GetRequiredService<RepoStore>().Open(_id);
        Assert.IsType<Published>(await git.Publish([], [new RefUpdate(name, git.References.Find(name), git.References.Find(target))], CancellationToken.None));
        _references[name] = _references[target];
    }

    private async Task RemoveAsync(IServiceProvider services, string name)
    {
        if (name != "refs/heads/main")
        {
            var git = services.GetRequiredService<RepoStore>().Open(_id);
            Assert.IsType<Published>(await git.Publish([], [new RefUpdate(name, git.References.Find(name), null)], CancellationToken.None));
            _references.Remove(name);
        }
    }

    private async Task UploadAsync(IServiceProvider services, int file)
    {
        var digest = Sha256Digest.Parse(LfsCalls.Digest(_contents[file]));
        if ((await services.GetRequiredService<HubDb>().HeldAsync(_id, [digest], CancellationToken.None)).Count == 0)
        {
            var blob = await services.GetRequiredService<IBlobStore>().WriteAsync(PipeReader.Create(new MemoryStream(_contents[file])), digest, null, CancellationToken.None);
            await services.GetRequiredService<LargeFileIntake>().HoldAsync(_id, blob, CancellationToken.None);
        }
    }

    private async Task PublishAsync(IServiceProvider services, string name, Dictionary<string, int> tree, bool isOrphan)
    {
        var git = services.GetRequiredService<RepoStore>().Open(_id);
        var head = git.References.Find(name);
        using var pack = git.NewPack();
        var editor = new TreeEditor(git.Objects, null);
        foreach (var (path, file) in tree)
        {
            var pointer = new LfsPointer(Sha256Digest.Parse(LfsCalls.Digest(_contents[file])), _contents[file].Length);
            editor.Put(path, GitMode.File, pack.Write(GitObjectType.Blob, pointer.Format()));
        }

        var commit = pack.Write(new GitCommit(editor.Write(pack), head is { } parent && !isOrphan ? [parent] : [], Author, Author, $"Commit {_random.Next()}"));
        using var complete = pack.Complete();
        Assert.IsType<Published>(await git.Publish([complete], [new RefUpdate(name, head, commit)], CancellationToken.None));
    }
}
