namespace Lodestone.Hub;

/// <summary>
/// Removes what killed processes left in a repository. What we write is locked in the kernel as long as its writer lives, so whatever
/// nobody holds was left behind. Git locks nothing there; what it has not touched for an hour, it has given up.
/// </summary>
internal static class Leftovers
{
    private static readonly TimeSpan GivenUp = TimeSpan.FromHours(1);

    // From making a quarantine's folder to locking it: what has no lock after that will not get one.
    private static readonly TimeSpan MadeBy = TimeSpan.FromSeconds(2);

    // Ages are compared with what the file system wrote, so this is the system's clock and never a test's.
    private static readonly TimeProvider FileClock = TimeProvider.System;

    /// <param name="repository">Its folder. Requests may use it meanwhile.</param>
    /// <returns>How many files and folders are gone.</returns>
    public static int Sweep(string repository)
    {
        var objects = Path.Combine(repository, "objects");
        var packs = Path.Combine(objects, "pack");
        return Quarantines(objects).Count(RemoveFolder)
            + Files(packs, PackWriter.TemporaryPrefix + "*").Count(RemoveUnfinished)
            + Files(packs, PackWriter.IndexOf(PackWriter.TemporaryPrefix) + "*").Count(RemoveLoneIndex)
            + Files(packs, "*").Where(f => IsTemporaryOfGit(f) || IsWithoutIndex(f)).Count(RemoveIfOld)
            + Files(packs, "*.lock").Concat(Files(Path.Combine(objects, "info"), "*.lock")).Count(RemoveIfOld)
            + Files(Path.Combine(repository, "refs"), "*.lock").Concat(Files(repository, "*.lock", isDeep: false)).Count(RemoveIfOld);
    }

    private static IEnumerable<string> Quarantines(string objects) => Directory.Exists(objects) ? Directory.EnumerateDirectories(objects, Quarantine.FolderPrefix + "*") : [];

    private static string[] Files(string folder, string pattern, bool isDeep = true) =>
        Directory.Exists(folder) ? Directory.GetFiles(folder, pattern, isDeep ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly) : [];

    /// <summary>An unfinished pack of ours and its index.</summary>
    private static bool RemoveUnfinished(string pack)
    {
        if (!RemoveIfFree(pack))
        {
            return false;
        }

        File.Delete(PackWriter.IndexOf(pack));
        return true;
    }

    /// <summary>An index of ours whose pack has its own name already: the index would have been next. Who is just naming them holds the pack.</summary>
    private static bool RemoveLoneIndex(string index)
    {
        try
        {
            return !File.Exists(PackWriter.PackOf(index)) && IsFreeOrGone(PackOf(index)) && RemoveIfFree(index);
        }
        catch (FileNotFoundException)
        {
            return false; // it has its name now
        }
    }

    private static string PackOf(string index)
    {
        using var file = File.OpenHandle(index, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> checksums = stackalloc byte[2 * ObjectId.Size]; // the pack's and its own
        RandomAccess.Read(file, checksums, Math.Max(0, RandomAccess.GetLength(file) - checksums.Length));
        return Path.Combine(Path.GetDirectoryName(index)!, $"pack-{new ObjectId(checksums[..ObjectId.Size])}.pack"); // a file is in a folder
    }

    // Those of git's pack-objects, of its repack, and indexes whose pack is gone.
    private static bool IsTemporaryOfGit(string file) =>
        Path.GetFileName(file) is var name && (name.StartsWith("tmp_", StringComparison.Ordinal) || name.StartsWith(".tmp-", StringComparison.Ordinal));

    // Published half: the index would have come next. Nothing refers to the objects.
    private static bool IsWithoutIndex(string file) => file.EndsWith(".pack", StringComparison.Ordinal) && !File.Exists(Path.ChangeExtension(file, ".idx"));

    private static bool RemoveFolder(string quarantine)
    {
        var @lock = Path.Combine(quarantine, Quarantine.LockName);
        if (File.Exists(@lock) ? !RemoveIfFree(@lock) : !IsOld(quarantine, Quarantine.IsOurs(quarantine) ? MadeBy : GivenUp))
        {
            return false;
        }

        try
        {
            Directory.Delete(quarantine, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false; // a git that outlives its server for a moment is still writing: next time
        }
    }

    private static bool RemoveIfOld(string file) => IsOld(file, GivenUp) && RemoveIfFree(file);

    private static bool RemoveIfFree(string file)
    {
        try
        {
            using var held = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.None);
            File.Delete(file);
            return true;
        }
        catch (IOException)
        {
            return false; // somebody holds it, or it is gone
        }
    }

    private static bool IsFreeOrGone(string file)
    {
        try
        {
            using var held = File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.None);
            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool IsOld(string path, TimeSpan age) => FileClock.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) > age;
}
