using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A small finished pack, written to files only when it is published.</summary>
/// <param name="temporaryPath">Where it is written first if it has to be durable, or there are no spare files.</param>
internal sealed class PackInMemory(byte[] content, byte[] index, ObjectId checksum, string temporaryPath, SpareFiles? spares) : NewPack(checksum)
{
    private PackInFiles? _files;

    public override PackIndex Index { get; } = new(index);

    public override long Length => content.Length + index.Length;

    public override RecordedPack ToRecord() => new(Checksum, content, index);

    public override void Sync() => Files().Sync();

    public override void Dispose() => _files?.Dispose();

    protected override void Name(string packPath, string indexPath)
    {
        if (_files is not null || !TryFill(content, packPath) || !TryFill(index, indexPath))
        {
            Files().Install(Path.GetDirectoryName(packPath)!); // a pack is in a folder
        }
    }

    private bool TryFill(byte[] bytes, string path)
    {
        using var file = spares?.TryTake();
        if (file is null)
        {
            return false;
        }

        RandomAccess.Write(file, bytes, 0);
        File.SetAttributes(file, FileAttributes.ReadOnly);
        return UnnamedFile.TryName(file, path);
    }

    private PackInFiles Files() => _files ??= Written();

    private PackInFiles Written()
    {
        var indexPath = PackWriter.IndexOf(temporaryPath);
        var pack = File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        var files = new PackInFiles(temporaryPath, indexPath, Checksum, pack);
        try
        {
            RandomAccess.Write(pack, content, 0);
            File.WriteAllBytes(indexPath, index);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }
}
