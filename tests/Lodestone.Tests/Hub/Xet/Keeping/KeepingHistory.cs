using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>One repository, and by the side of it what its references hold: a set of files for every commit, by the numbers of their contents.</summary>
internal sealed class KeepingHistory
{
    private static readonly string[] Paths = ["a.bin", "b.bin", "deep/a.bin"];

    private readonly KeptRepo _repo;
    private readonly ChunkingClient _client;
    private readonly List<byte[]> _contents; // of all repositories
    private readonly Random _random;

    // By reference: every commit in its history, newest first.
    private readonly Dictionary<string, List<Dictionary<string, int>>> _references = new(StringComparer.Ordinal);
    private bool _isDeleted;

    private KeepingHistory(KeptRepo repo, ChunkingClient client, List<byte[]> contents, int seed) =>
        (_repo, _client, _contents, _random) = (repo, client, contents, new Random(seed));

    /// <summary>Contents that some commit of some reference has.</summary>
    public IEnumerable<int> Reached => _references.Values.SelectMany(history => history).SelectMany(tree => tree.Values).Distinct();

    public static async Task<KeepingHistory> BeginAsync(IServiceProvider services, Guid ownerId, ChunkingClient client, List<byte[]> contents, int seed)
    {
        var repo = new KeepingHistory(await KeptRepo.CreateAsync(services, ownerId, isPrivate: seed % 3 > 0), client, contents, seed);
        await repo.CommitAsync(services, "refs/heads/main");
        return repo;
    }

    public async Task StepAsync(IServiceProvider services, IReadOnlyList<KeepingHistory> others)
    {
        if (_isDeleted)
        {
            return;
        }

        var name = _references.Keys.Order(StringComparer.Ordinal).ElementAt(_random.Next(_references.Count));
        await (_random.Next(20) switch
        {
            < 9 => CommitAsync(services, name),
            9 => UploadAsync(services, NewContent()), // and never committed
            10 => _client.AbandonAsync(services, _contents[NewContent()]),
            11 => PointAsync(services, $"refs/tags/t{_random.Next(2)}", name),
            12 => RemoveAsync(services, name),
            < 15 => SquashAsync(services, name),
            < 17 => TakeOverAsync(services, name, others[_random.Next(others.Count)]),
            < 19 => ShrinkAsync(services, name),
            _ => DeleteAsync(services),
        });
    }

    /// <param name="isThorough">Every file that any commit has, by every route; else those of one commit, as plain files.</param>
    public async Task AssertReadableAsync(IServiceProvider services, bool isThorough, string what)
    {
        if (_isDeleted)
        {
            return;
        }

        var db = services.GetRequiredService<HubDb>();
        var held = await db.LfsObjects.Where(o => o.RepoId == _repo.Id).Select(o => o.Sha256).ToListAsync();
        var sought = isThorough ? Reached : _references["refs/heads/main"][0].Values.Distinct();
        foreach (var content in sought.Select(i => _contents[i]))
        {
            Assert.True(held.Contains(LfsCalls.Digest(content)), $"{what}: a repository lost a file");
            await (isThorough ? EveryRoute.AssertAsync(services, content, _random, what) : EveryRoute.AssertPlainAsync(services, content, _random, what));
        }
    }

    public async Task DeleteAsync(IServiceProvider services)
    {
        if (!_isDeleted)
        {
            await _repo.DeleteAsync(services);
            _isDeleted = true;
            _references.Clear();
        }
    }

    /// <summary>Something new, or an edit of what some repository has or had.</summary>
    private int NewContent()
    {
        var content = _contents.Count == 0 || _random.Next(6) == 0 ? LfsCalls.Bytes(_random.Next(500, 5000), _random.Next()) : Edited(_contents[_random.Next(_contents.Count)]);
        _contents.Add(content);
        return _contents.Count - 1;
    }

    private byte[] Edited(byte[] content)
    {
        var (start, length) = (_random.Next(content.Length), _random.Next(1, 1 + (content.Length / 2)));
        var rest = content.AsSpan(Math.Min(content.Length, start + length)).ToArray();
        return _random.Next(4) switch
        {
            0 => [.. content[..start], .. LfsCalls.Bytes(length, _random.Next()), .. rest],
            1 => [.. content[..start], .. LfsCalls.Bytes(length, _random.Next()), .. content[start..]],
            2 when start + rest.Length > 0 => [.. content[..start], .. rest],
            _ => [.. content, .. LfsCalls.Bytes(length, _random.Next())],
        };
    }

    private async Task CommitAsync(IServiceProvider services, string name)
    {
        var content = _random.Next(4) > 0 || _contents.Count == 0 ? NewContent() : _random.Next(_contents.Count); // what was there before may come back
        await UploadAsync(services, content);
        var before = _references.GetValueOrDefault(name) ?? [];
        var tree = new Dictionary<string, int>(before is [var head, ..] ? head : [], StringComparer.Ordinal) { [Paths[_random.Next(Paths.Length)]] = content };
        await PublishAsync(services, name, tree, isOrphan: false);
        _references[name] = [tree, .. before];
    }

    /// <summary>A file goes from the head, and all history with it: what it had of xorbs becomes dead.</summary>
    private async Task ShrinkAsync(IServiceProvider services, string name)
    {
        var tree = new Dictionary<string, int>(_references[name][0], StringComparer.Ordinal);
        if (tree.Count > 1)
        {
            tree.Remove(tree.Keys.First());
        }

        await PublishAsync(services, name, tree, isOrphan: true);
        _references[name] = [tree];
    }

    private async Task SquashAsync(IServiceProvider services, string name)
    {
        await PublishAsync(services, name, _references[name][0], isOrphan: true);
        _references[name] = [_references[name][0]];
    }

    /// <summary>A file of another repository without moving bytes.</summary>
    private async Task TakeOverAsync(IServiceProvider services, string name, KeepingHistory other)
    {
        if (other._isDeleted || other._repo.Id == _repo.Id)
        {
            return;
        }

        var content = other._references["refs/heads/main"][0].Values.First();
        var digest = Sha256Digest.Parse(LfsCalls.Digest(_contents[content]));
        if ((await services.GetRequiredService<HubDb>().HeldAsync(other._repo.Id, [digest], CancellationToken.None)).Count == 0)
        {
            return;
        }

        await services.GetRequiredService<LargeFileIntake>().HoldAsync(_repo.Id, new Blob(digest, _contents[content].Length), CancellationToken.None);
        var tree = new Dictionary<string, int>(_references[name][0], StringComparer.Ordinal) { ["taken.bin"] = content };
        await PublishAsync(services, name, tree, isOrphan: false);
        _references[name] = [tree, .. _references[name]];
    }

    private async Task PointAsync(IServiceProvider services, string name, string target)
    {
        await _repo.PointAsync(services, name, target);
        _references[name] = _references[target];
    }

    private async Task RemoveAsync(IServiceProvider services, string name)
    {
        if (name != "refs/heads/main")
        {
            await _repo.PointAsync(services, name, null);
            _references.Remove(name);
        }
    }

    /// <summary>As chunks or whole, as clients do: held files are not sent again.</summary>
    private Task UploadAsync(IServiceProvider services, int number) =>
        _random.Next(3) > 0 ? _client.UploadAsync(services, _repo.Id, _contents[number]) : _repo.HoldAsync(services, _contents[number]);

    private Task PublishAsync(IServiceProvider services, string name, Dictionary<string, int> tree, bool isOrphan) =>
        _repo.PublishAsync(services, name, tree.Select(f => (f.Key, _contents[f.Value])), isOrphan);
}
