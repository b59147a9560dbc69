using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// A place for a pushed pack: inside the repository's folder, so that publishing it is a rename, but where no reader of the repository
/// looks. Git and we look at both from here. The folder goes when this is disposed of; a lock that dies with the process tells folders
/// in use from those left behind. Not for concurrent use.
/// </summary>
internal sealed class Quarantine : IDisposable
{
    /// <summary>Git's own name for such folders, which its housekeeping knows.</summary>
    public const string FolderPrefix = "tmp_objdir-incoming-";

    public const string LockName = "in-use";

    private const int NameDigits = 16;

    // What is harmless and occurs in old histories; everything else that fsck finds is refused.
    private const string Severities = "badTimezone=ignore,missingSpaceBeforeDate=ignore,zeroPaddedFilemode=ignore";

    private const long DeltaBases = 16 * 1024 * 1024;

    private readonly GitRepository _repository;
    private readonly string _folder;
    private readonly SafeFileHandle _lock;
    private readonly GitBounds _bounds;
    private string? _packPath;
    private ObjectDatabase? _objects; // opened when the pack has arrived

    private Quarantine(GitRepository repository, string folder, GitBounds bounds)
    {
        _repository = repository;
        _folder = folder;
        _bounds = bounds;
        Directory.CreateDirectory(Path.Combine(folder, "info"));
        _lock = File.OpenHandle(Path.Combine(folder, LockName), FileMode.CreateNew, FileAccess.Write, FileShare.None);
        File.WriteAllText(Path.Combine(folder, "info", "alternates"), "..\n"); // relative to this folder: the repository's objects
        Directory.CreateDirectory(PackFolder);
    }

    private string PackFolder => Path.Combine(_folder, "pack");

    private Dictionary<string, string> Environment => new(StringComparer.Ordinal)
    {
        ["GIT_OBJECT_DIRECTORY"] = _folder,
        ["GIT_QUARANTINE_PATH"] = _folder, // git refuses to change references in this state
    };

    public static Quarantine Create(GitRepository repository, GitBounds bounds)
    {
        var name = FolderPrefix + RandomNumberGenerator.GetHexString(NameDigits, lowercase: true);
        return new Quarantine(repository, Path.Combine(Path.GetDirectoryName(repository.Objects.PackFolder)!, name), bounds); // objects/pack has a parent
    }

    /// <summary>Git's own folders have shorter names, and no lock.</summary>
    public static bool IsOurs(string folder) => Path.GetFileName(folder).Length == FolderPrefix.Length + NameDigits;

    /// <summary>Indexes the pack as it arrives, completes it if it is thin, and checks every object and every link within it.</summary>
    /// <param name="most">Bytes that the pack may have.</param>
    /// <param name="progress">Hears what git says meanwhile.</param>
    /// <returns>Null when all is well, else what is wrong.</returns>
    public async Task<string?> ReceiveAsync(Stream pack, long most, Func<string, Task> progress, CancellationToken cancel)
    {
        string[] arguments =
        [
            "-c", "core.bigFileThreshold=16m", "-c", "pack.threads=2", "-c", "pack.writeReverseIndex=false",
            "index-pack", "--stdin", "--fix-thin", $"--strict={Severities}", "--show-resolving-progress",
            string.Create(CultureInfo.InvariantCulture, $"--max-input-size={most}"),
        ];
        using var git = GitProcess.Start(_repository, arguments, Environment, _bounds);
        var feeding = git.FeedAsync(pack, cancel);
        try
        {
            var complaint = await RelayAsync(git, progress, cancel);
            var exitCode = await git.EndAsync(cancel);
            _packPath = exitCode == 0 ? Directory.EnumerateFiles(PackFolder, "pack-*.pack").SingleOrDefault() : null;
            cancel.ThrowIfCancellationRequested(); // a client that left looks to git like a pack that ended early
            return _packPath is null ? Explain(exitCode, complaint) : null;
        }
        finally
        {
            // It ends by itself when git no longer listens. A request's body that was cancelled half-way could not be read on.
            git.Stop();
            await feeding;
        }
    }

    /// <summary>The objects that these lead to and that no reference of the repository does, each with the first path it was found at.</summary>
    /// <exception cref="MissingObjectsException">Something that they need is neither here nor in the repository.</exception>
    public async IAsyncEnumerable<NewObject> ListNewAsync(IEnumerable<ObjectId> tips, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var git = GitProcess.Start(_repository, ["rev-list", "--objects", "--stdin", "--not", "--all"], Environment, _bounds);
        var asking = git.FeedAsync(new MemoryStream(System.Text.Encoding.ASCII.GetBytes(string.Concat(tips.Select(t => $"{t}\n")))), cancel);
        var complaining = git.ReadComplaintAsync(cancel);
        await foreach (var line in git.ReadLinesAsync(cancel))
        {
            var id = ObjectId.Parse(line[..ObjectId.HexLength]);
            var home = HomeOf(id);
            var header = home.Header(id) ?? throw new MissingObjectsException($"{id} is missing");
            yield return new NewObject(id, line.Length > ObjectId.HexLength ? line[(ObjectId.HexLength + 1)..] : "", header.Type, header.Size, home);
        }

        await asking;
        var complaint = await complaining;
        if (await git.EndAsync(cancel) != 0)
        {
            throw new MissingObjectsException(complaint);
        }
    }

    /// <summary>Where to read an object: here, or in the repository.</summary>
    public ObjectDatabase HomeOf(ObjectId id)
    {
        _objects ??= new ObjectDatabase(_folder, new ObjectCache(DeltaBases));
        return _objects.ContainsPacked(id) ? _objects : _repository.Objects;
    }

    public async Task<bool> IsAncestorAsync(ObjectId ancestor, ObjectId commit, CancellationToken cancel)
    {
        using var git = GitProcess.Start(_repository, ["merge-base", "--is-ancestor", ancestor.ToString(), commit.ToString()], Environment, _bounds);
        var complaining = git.ReadComplaintAsync(cancel);
        var exitCode = await git.EndAsync(cancel);
        await complaining;
        return exitCode == 0;
    }

    /// <summary>The received pack, to be published; null when it brought nothing. It must not outlive this.</summary>
    public NewPack? Pack()
    {
        if (_packPath is null)
        {
            return null;
        }

        var index = Path.ChangeExtension(_packPath, ".idx");
        var checksum = ObjectId.Parse(Path.GetFileNameWithoutExtension(_packPath)["pack-".Length..]);
        return new PackIndex(index).Count == 0 ? null : new NewPack(_packPath, index, checksum);
    }

    public void Dispose()
    {
        if (Directory.Exists(_folder)) // the repository may have been deleted meanwhile
        {
            Directory.Delete(_folder, recursive: true);
        }

        _lock.Dispose();
    }

    private static async Task<string> RelayAsync(GitProcess git, Func<string, Task> progress, CancellationToken cancel)
    {
        var fatal = "";
        await foreach (var line in git.ReadComplaintsAsync(cancel))
        {
            if (line.StartsWith("fatal: ", StringComparison.Ordinal))
            {
                fatal = line["fatal: ".Length..].Trim();
                continue;
            }

            await progress(line);
        }

        return fatal;
    }

    private string Explain(int exitCode, string complaint) => complaint switch
    {
        _ when exitCode is 128 + 9 or 128 + 24 => $"unpacking takes more than {_bounds.Computing.TotalSeconds:F0} s of computing; push fewer commits at a time",
        _ when complaint.Contains("over limit", StringComparison.Ordinal) || complaint.Contains("ut of memory", StringComparison.Ordinal) =>
            $"an object is larger than {_bounds.LargestAllocation / (1024 * 1024)} MiB; keep large files in Git LFS",
        _ when complaint.Contains("exceeds maximum allowed size", StringComparison.Ordinal) => "the pack is too large; push fewer commits at a time",
        "" => string.Create(CultureInfo.InvariantCulture, $"index-pack ended with {exitCode}"),
        _ => complaint,
    };
}

/// <param name="Path">Where it was found first; of a tag its name; empty for commits and root folders.</param>
/// <param name="Size">Bytes of content.</param>
/// <param name="Home">Where to read it.</param>
internal sealed record NewObject(ObjectId Id, string Path, GitObjectType Type, long Size, ObjectDatabase Home);

/// <summary>A push lacks objects that what it brings refers to.</summary>
internal sealed class MissingObjectsException : Exception
{
    public MissingObjectsException()
    {
    }

    public MissingObjectsException(string message)
        : base(message)
    {
    }

    public MissingObjectsException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
