namespace Lodestone.Hub;

/// <summary>
/// A finished pack that is not part of a repository yet: made by <see cref="PackWriter"/>, or by <c>git index-pack</c> in a
/// quarantine on the same disk. Whoever holds it disposes of it; the files are deleted unless they were published.
/// </summary>
/// <param name="checksum">The pack's trailing SHA-1, which names it.</param>
/// <param name="hold">Keeps the files from being taken for leftovers; ended with this.</param>
internal sealed class NewPack(string packPath, string indexPath, ObjectId checksum, IDisposable? hold = null) : IDisposable
{
    public ObjectId Checksum => checksum;

    /// <summary>Bytes of the pack and its index.</summary>
    public long Length => new FileInfo(packPath).Length + new FileInfo(indexPath).Length;

    public RecordedPack ToRecord() => new(checksum, File.ReadAllBytes(packPath), File.ReadAllBytes(indexPath));

    /// <summary>Makes the objects durable: the waits for the disk run side by side, and it does both in one go.</summary>
    public void Sync() => Parallel.Invoke(() => Sync(packPath), () => Sync(indexPath));

    /// <summary>
    /// Makes the objects visible to git. The order matters: the pack's name, then the index's name (git looks for indexes, and
    /// expects the pack). Durable once the folder is.
    /// </summary>
    /// <returns>Where the pack is now.</returns>
    public string Install(string packFolder)
    {
        var name = Path.Combine(packFolder, $"pack-{checksum}");
        Move(packPath, name + ".pack");
        Move(indexPath, name + ".idx");
        return name + ".pack";
    }

    public void Dispose()
    {
        File.Delete(packPath);
        File.Delete(indexPath);
        hold?.Dispose();
    }

    // A pack of this name has these very bytes, so replacing one changes nothing, and a half-installed one becomes whole.
    private static void Move(string from, string to)
    {
        File.SetAttributes(from, FileAttributes.ReadOnly);
        File.Move(from, to, overwrite: true);
    }

    private static void Sync(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(file);
    }
}
