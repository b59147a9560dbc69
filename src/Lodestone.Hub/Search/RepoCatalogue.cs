using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>
/// Every repository with what lists find, sort and count it by, in memory: some 500 bytes each, so that a list over 100,000 of them
/// with all its counts takes milliseconds. Before each use it asks the database what has changed since, so it never shows what is
/// no longer so; the rows are the truth and the catalogue is read from them anew at each start.
/// </summary>
internal sealed class RepoCatalogue(IServiceScopeFactory scopes, Database database) : IDisposable
{
    private const int AtOnce = 500;

    /// <summary>Above this many changes, and where they are most of what there is, everything is read anew, which is faster.</summary>
    private const int ManyChanges = 5_000;

    private const int LongestKept = 256; // bytes; tags are shorter
    private const long Unread = -1;

    // Lets one request at a time bring the catalogue up to date; it guards all fields for writing.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<Guid, int> _places = [];

    // Read without the gate: a slot changes from one finished entry to another, and the array is replaced only to grow.
    private volatile ListedEntry?[] _entries = [];
    private long _version = Unread;

    public TagNumbers Tags { get; } = new();

    /// <summary>All entries as they are now; those deleted are null.</summary>
    public async Task<ReadOnlyMemory<ListedEntry?>> OpenAsync(CancellationToken cancel)
    {
        var known = Volatile.Read(ref _version);
        if (known != Unread && !(await CheckAsync(known, cancel)).HasChanged)
        {
            return _entries;
        }

        await _gate.WaitAsync(cancel);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<HubDb>();
            await (_version == Unread ? ReadAllAsync(db, cancel) : ReadChangesAsync(db, _version, cancel));
        }
        finally
        {
            _gate.Release();
        }

        return _entries;
    }

    public void Dispose() => _gate.Dispose();

    private async Task ReadAllAsync(HubDb db, CancellationToken cancel)
    {
        await ForgetOtherClustersAsync(cancel);
        var version = (await CheckAsync(0, cancel)).Version; // before the rows, which may be newer and are then read again
        await ReadRowsAsync(db, cancel);
        Volatile.Write(ref _version, version);
    }

    /// <summary>Repositories and tags side by side: each costs about the same, and SQLite reads without giving the thread back.</summary>
    /// <returns>What is there.</returns>
    private async Task<HashSet<Guid>> ReadRowsAsync(HubDb db, CancellationToken cancel)
    {
        var readingTags = Task.Run(() => ReadTagsAsync(cancel), cancel);
        var readingRepos = Task.Run(() => db.Repos.AsNoTracking().ToListAsync(cancel), cancel);
        await Task.WhenAll(readingTags, readingRepos);
        var (tags, repos) = (await readingTags, await readingRepos);
        repos.ForEach(repo => Put(Entry(repo, tags.GetValueOrDefault(repo.Id) ?? [])));
        return [.. repos.Select(r => r.Id)];
    }

    /// <summary>All tags of a repository in one row: over a million rows, handing each over costs more than reading it.</summary>
    private async Task<Dictionary<Guid, List<string>>> ReadTagsAsync(CancellationToken cancel)
    {
        var tags = new Dictionary<Guid, List<string>>();
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select repo_id, convert_to(cast(json_agg(tag) as text), 'UTF8') from hub_repo_tag group by repo_id")
            : connection.Command($"select repo_id, cast(json_group_array(tag) as blob) from hub_repo_tag group by repo_id");
        await using var rows = await command.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            tags.Add(rows.GetGuid(0), Names(rows.GetFieldValue<byte[]>(1)));
        }

        return tags;
    }

    // Few tags are new: of the others no further copy is made.
    private List<string> Names(byte[] json)
    {
        var names = new List<string>();
        var reader = new Utf8JsonReader(json);
        Span<char> name = stackalloc char[LongestKept];
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String)
            {
                names.Add(reader.ValueSpan.Length <= LongestKept ? Tags.Kept(name[..reader.CopyString(name)]) : reader.GetString() ?? "");
            }
        }

        return names;
    }

    // Transactions are numbered by cluster: what was restored from another may seem to lie ahead, and would be read anew for ever.
    private async Task ForgetOtherClustersAsync(CancellationToken cancel)
    {
        if (database.IsPostgres)
        {
            await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
            await connection.ExecuteAsync($"delete from hub_repo_change where version > cast(cast(pg_current_xact_id() as text) as bigint)", cancel);
        }
    }

    private async Task ReadChangesAsync(HubDb db, long since, CancellationToken cancel)
    {
        var version = (await CheckAsync(since, cancel)).Version;
        var changed = await ChangedAsync(since, cancel);
        if (changed.Count > Math.Max(ManyChanges, _places.Count / 2))
        {
            var here = await ReadRowsAsync(db, cancel);
            changed.RemoveAll(here.Contains); // what is left is deleted
        }

        foreach (var ids in changed.Chunk(AtOnce))
        {
            var repos = await db.Repos.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
            var tags = (await db.Tags.AsNoTracking().Where(t => ids.Contains(t.RepoId)).ToListAsync(cancel)).ToLookup(t => t.RepoId, t => t.Tag);
            foreach (var id in ids)
            {
                if (repos.TryGetValue(id, out var repo))
                {
                    Put(Entry(repo, [.. tags[id]]));
                }
                else if (_places.TryGetValue(id, out var place))
                {
                    _entries[place] = null;
                }
            }
        }

        Volatile.Write(ref _version, version);
    }

    private void Put(ListedEntry entry)
    {
        if (!_places.TryGetValue(entry.Repo.Id, out var place))
        {
            place = _places.Count;
            _places.Add(entry.Repo.Id, place);
        }

        var entries = _entries;
        if (place >= entries.Length)
        {
            Array.Resize(ref entries, Math.Max(64, entries.Length * 2));
        }

        entries[place] = entry;
        _entries = entries;
    }

    private ListedEntry Entry(Repo repo, List<string> tags)
    {
        var title = repo.Type is RepoType.Space ? tags.Find(t => t.StartsWith(CardNames.Title, StringComparison.Ordinal))?[CardNames.Title.Length..] : null;
        var isLinked = tags.Exists(t => t.StartsWith(CardNames.Models, StringComparison.Ordinal) || t.StartsWith(CardNames.Datasets, StringComparison.Ordinal));
        return new ListedEntry(repo, [.. tags.Concat(FacetKind.AddedTo(repo, tags)).Select(Tags.Number)], title, isLinked);
    }

    /// <summary>What version the rows have now, and whether any has changed since another. SQLite has one writer, so versions come in order; for PostgreSQL see the schema.</summary>
    private async Task<(long Version, bool HasChanged)> CheckAsync(long since, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint), exists (select 1 from hub_repo_change where version >= {since})")
            : connection.Command($"select coalesce(max(version), 0), coalesce(max(version), 0) > {since} from hub_repo_change");
        await using var row = await command.ExecuteReaderAsync(cancel);
        await row.ReadAsync(cancel);
        return (row.GetInt64(0), database.IsPostgres ? row.GetBoolean(1) : row.GetInt64(1) != 0);
    }

    private async Task<List<Guid>> ChangedAsync(long since, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select repo_id from hub_repo_change where version >= {since}")
            : connection.Command($"select repo_id from hub_repo_change where version > {since}");
        await using var rows = await command.ExecuteReaderAsync(cancel);
        var ids = new List<Guid>();
        while (await rows.ReadAsync(cancel))
        {
            ids.Add(rows.GetGuid(0));
        }

        return ids;
    }
}
