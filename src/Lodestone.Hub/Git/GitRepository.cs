using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// One bare repository on disk, readable and writable by the real git beside us.
/// <para>
/// Reading: <see cref="Objects"/> holds content by id, <see cref="References"/> names by value. <see cref="Revisions"/> turns what
/// a client wrote into a commit, <see cref="Trees"/> lists folders, <see cref="Log"/> and <see cref="LastCommits"/> walk history.
/// </para>
/// <para>
/// Writing: a <see cref="PackWriter"/> collects new objects (<see cref="TreeEditor"/> makes the trees), or a <see cref="Quarantine"/>
/// receives those of a push, and <see cref="Publish"/>, the one operation that changes a repository, makes them visible. The order is
/// what makes a crash harmless: locks, comparison of the old values, pack contents synced, pack and index named and synced, new
/// values synced in the locks, locks renamed over the references, folders synced. Cut anywhere, the repository is as before, perhaps
/// with a pack that nothing refers to. Small ones that move references that are there, which commits are, wait for the disk once
/// instead: see <see cref="PublishJournal"/>.
/// </para>
/// <para>Deleting unreachable objects (<c>git gc --prune</c>) beside a running Publish could take new ones: the housekeeping that does so
/// must wait for quiet, or use git's grace period. Plain repacking is safe at any time.</para>
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing; repositories are shared and not disposed of.")]
internal sealed class GitRepository
{
    private const string Config = """
        [core]
        	repositoryformatversion = 0
        	filemode = true
        	bare = true
        	logAllRefUpdates = false
        [uploadpack]
        	allowFilter = true
        	allowAnySHA1InWant = true
        [gc]
        	auto = 0

        """;

    // Bytes of packs. Of more than this, writing it twice costs more than it saves.
    private const long MostRecorded = 512 * 1024;

    // Bytes. What is read back after a power cut.
    private const long MostJournal = 32 * 1024 * 1024;

    // One publisher at a time in this process; the lock files keep out other processes.
    private readonly SemaphoreSlim _publishing = new(1);

    // Only together: who settles the journal soon after. Used by whoever has the turn to publish.
    private readonly PublishJournal? _journal;
    private readonly Settling? _settling;

    private GitRepository(string path, ObjectCache cache, Settling? settling)
    {
        Path = path;
        _settling = FileSystemSync.IsSupported ? settling : null;
        _journal = _settling is null ? null : new PublishJournal(path);
        Objects = new ObjectDatabase(System.IO.Path.Combine(path, "objects"), cache);
        References = new References(path);
        Revisions = new Revisions(this);
        Trees = new TreeWalk(Objects);
        Log = new CommitLog(Objects);
    }

    public string Path { get; }

    public ObjectDatabase Objects { get; }

    public References References { get; }

    public Revisions Revisions { get; }

    public TreeWalk Trees { get; }

    public CommitLog Log { get; }

    /// <summary>Makes an empty repository. It appears whole or not at all; an <see cref="IOException"/> if something is there already.</summary>
    public static void Create(string path)
    {
        var parent = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? path;
        var draft = System.IO.Path.Combine(parent, $".new-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        try
        {
            foreach (var folder in (string[])["objects/info", "objects/pack", "refs/heads", "refs/tags"])
            {
                Directory.CreateDirectory(System.IO.Path.Combine(draft, folder));
            }

            WriteDurably(System.IO.Path.Combine(draft, "config"), Config);
            WriteDurably(System.IO.Path.Combine(draft, "HEAD"), $"ref: {RefName.Branches}main\n");
            DirectorySync.Flush(draft);
            Directory.Move(draft, path);
            DirectorySync.Flush(parent);
        }
        catch
        {
            Directory.Delete(draft, recursive: true);
            throw;
        }
    }

    /// <param name="settling">Settles what is published by a journal; null: nothing is.</param>
    /// <exception cref="DirectoryNotFoundException">There is no repository.</exception>
    public static GitRepository Open(string path, ObjectCache cache, Settling? settling = null)
    {
        if (!IsAt(path))
        {
            throw new DirectoryNotFoundException($"There is no repository at '{path}'.");
        }

        PublishJournal.Recover(path);
        return new GitRepository(path, cache, settling);
    }

    /// <summary>It may be deleted while it is open.</summary>
    public bool IsThere => IsAt(Path);

    /// <summary>A place for new objects, to be published or disposed of.</summary>
    public PackWriter NewPack() => new(Objects);

    /// <summary>
    /// The one operation that writes: the packs' objects become durable, then all references change if all have their old values.
    /// All or nothing. <c>Refusal(unavailable)</c> if another process keeps a reference locked.
    /// </summary>
    /// <param name="packs">New objects; null is a pack that had nothing new. Dispose of them afterwards in any case.</param>
    /// <param name="updates">Each reference at most once.</param>
    public async Task<PublishOutcome> Publish(IReadOnlyList<NewPack?> packs, IReadOnlyList<RefUpdate> updates, CancellationToken cancel)
    {
        Validate(updates);
        await _publishing.WaitAsync(cancel);
        try
        {
            if (FindTakenName(updates) is { } taken)
            {
                return taken;
            }

            using var transaction = await RefTransaction.Begin(References, updates, cancel);
            if (transaction.FindConflict() is { } conflict)
            {
                return conflict;
            }

            Make([.. packs.OfType<NewPack>()], updates, transaction);
            return new Published();
        }
        finally
        {
            _publishing.Release();
        }
    }

    /// <summary>Makes what the journal has durable in its own files, and empties it.</summary>
    public async Task SettleAsync(CancellationToken cancel)
    {
        _journal?.PrepareSettling();
        await _publishing.WaitAsync(cancel);
        try
        {
            _journal?.Settle();
        }
        finally
        {
            _publishing.Release();
        }
    }

    private static bool IsAt(string path) => File.Exists(System.IO.Path.Combine(path, "HEAD"));

    private void Make(List<NewPack> packs, IReadOnlyList<RefUpdate> updates, RefTransaction transaction)
    {
        if (_journal is not null && IsForJournal(packs, updates))
        {
            Record(packs, updates, transaction, _journal);
            return;
        }

        _journal?.Settle();
        Parallel.Invoke([() => transaction.Prepare(isDurable: true), .. packs.Select(pack => (Action)pack.Sync)]); // one wait for the disk
        packs.ForEach(pack => Objects.Add(pack.Install(Objects.PackFolder)));
        if (packs.Count > 0)
        {
            DirectorySync.Flush(Objects.PackFolder);
        }

        RequireTargets(updates);
        transaction.Commit();
    }

    private void Record(List<NewPack> packs, IReadOnlyList<RefUpdate> updates, RefTransaction transaction, PublishJournal journal)
    {
        var record = new PublishRecord(packs.ConvertAll(pack => pack.ToRecord()), updates);
        packs.ForEach(pack => Objects.Add(pack.Install(Objects.PackFolder)));
        RequireTargets(updates);
        transaction.Prepare(isDurable: false);
        _settling?.Add(this); // also where the rest fails
        journal.Append(record);
        transaction.Move();
        if (journal.Length > MostJournal)
        {
            journal.Settle();
        }
    }

    /// <summary>That a reference is new, or gone, is durable when its folder is: the journal tells only of moves.</summary>
    private static bool IsForJournal(List<NewPack> packs, IReadOnlyList<RefUpdate> updates) =>
        packs.Count + updates.Count > 0 && updates.All(u => u is { Old: not null, New: not null }) && packs.Sum(pack => pack.Length) <= MostRecorded;

    private static void Validate(IReadOnlyList<RefUpdate> updates)
    {
        if (updates.FirstOrDefault(u => !RefName.IsValid(u.Name)) is { } invalid)
        {
            throw new ArgumentException($"'{invalid.Name}' is not the name of a reference.", nameof(updates));
        }

        if (updates.DistinctBy(u => u.Name, StringComparer.Ordinal).Count() != updates.Count)
        {
            throw new ArgumentException("A reference occurs twice.", nameof(updates));
        }
    }

    private NameTaken? FindTakenName(IReadOnlyList<RefUpdate> updates)
    {
        var created = updates.Where(u => u is { Old: null, New: not null }).Select(u => u.Name).ToList();
        if (created.Count == 0)
        {
            return null;
        }

        var names = References.List().Select(r => r.Name).Concat(created).ToHashSet(StringComparer.Ordinal);
        foreach (var name in created)
        {
            var above = Enumerable.Range(0, name.Length).Where(i => name[i] == '/').Select(i => name[..i]).FirstOrDefault(names.Contains);
            if ((above ?? names.FirstOrDefault(n => n.StartsWith(name + "/", StringComparison.Ordinal))) is { } by)
            {
                return new NameTaken(name, by);
            }
        }

        return null;
    }

    private void RequireTargets(IReadOnlyList<RefUpdate> updates)
    {
        foreach (var update in updates)
        {
            if (update.New is { } target && !Objects.Contains(target))
            {
                throw new ArgumentException($"{update.Name} cannot point to {target}: there is no such object.", nameof(updates));
            }
        }
    }

    private static void WriteDurably(string path, string content)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, System.Text.Encoding.UTF8.GetBytes(content), 0);
        RandomAccess.FlushToDisk(file);
    }
}
