namespace Lodestone.Hub;

/// <summary>What is added up of the large files of one repository, or of several.</summary>
/// <param name="id">Of the repository or namespace.</param>
internal sealed class CountedFiles(Guid id, StorageScope scope)
{
    private long _files;
    private long _logical;
    private long _waiting;
    private long _due;
    private long _stored;
    private long _shared;

    public void Add(long size, DateTimeOffset? unreferencedSince, DateTimeOffset cutoff)
    {
        _files++;
        _logical += size;
        _waiting += unreferencedSince is null ? 0 : size;
        _due += unreferencedSince <= cutoff ? size : 0;
    }

    public void AddStored(long size, bool isShared)
    {
        _stored += size;
        _shared += isShared ? size : 0;
    }

    public StorageCount At(DateTimeOffset now) => new(id, scope, _files, _logical, _stored, _shared, _waiting, _due, now);
}
