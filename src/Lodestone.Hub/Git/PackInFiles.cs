namespace Lodestone.Hub;

/// <summary>A finished pack and its index in files of their own.</summary>
/// <param name="hold">Keeps the files from being taken for leftovers; ended with this.</param>
internal sealed class PackInFiles(string packPath, string indexPath, ObjectId checksum, IDisposable? hold = null) : NewPack(checksum)
{
    private PackIndex? _index;

    public override PackIndex Index => _index ??= new PackIndex(indexPath);

    public override long Length => new FileInfo(packPath).Length + new FileInfo(indexPath).Length;

    public override RecordedPack ToRecord() => new(Checksum, File.ReadAllBytes(packPath), File.ReadAllBytes(indexPath));

    /// <summary>The waits for the disk run side by side, and it does both in one go.</summary>
    public override void Sync() => Parallel.Invoke(() => Sync(packPath), () => Sync(indexPath));

    public override void Dispose()
    {
        File.Delete(packPath);
        File.Delete(indexPath);
        hold?.Dispose();
    }

    protected override void Name(string pack, string index)
    {
        _ = Index; // while it has the name that we know
        Move(packPath, pack);
        Move(indexPath, index);
    }

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
