namespace Lodestone.Hub;

/// <summary>
/// A finished pack that is not part of a repository yet: made by <see cref="PackWriter"/>, or by <c>git index-pack</c> in a quarantine on
/// the same disk. Whoever holds it disposes of it; what it has on the disk is deleted unless it was published.
/// </summary>
/// <param name="checksum">The pack's trailing SHA-1, which names it.</param>
internal abstract class NewPack(ObjectId checksum) : IDisposable
{
    public ObjectId Checksum => checksum;

    public abstract PackIndex Index { get; }

    /// <summary>Bytes of the pack and its index.</summary>
    public abstract long Length { get; }

    public abstract RecordedPack ToRecord();

    /// <summary>Makes the objects durable.</summary>
    public abstract void Sync();

    /// <summary>
    /// Makes the objects visible to git. The order matters: the pack's name, then the index's name (git looks for indexes, and
    /// expects the pack). Durable once the folder is.
    /// </summary>
    /// <returns>Where the pack is now.</returns>
    public string Install(string packFolder)
    {
        var name = Path.Combine(packFolder, $"pack-{checksum}");
        Name(name + ".pack", name + ".idx");
        return name + ".pack";
    }

    public abstract void Dispose();

    /// <param name="packPath">If there is such a pack it has these very bytes, so replacing it changes nothing, and a half-installed one becomes whole.</param>
    protected abstract void Name(string packPath, string indexPath);
}
