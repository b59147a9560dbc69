using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What somebody asks to be committed: a message and changes in order. File contents are in a pack already, by id.</summary>
/// <param name="Parent">Head that the branch must have, possibly abbreviated; absent: whatever it is.</param>
internal sealed record NewCommit(string Summary, string? Description, string? Parent, IReadOnlyList<CommitChange> Changes)
{
    public string Message => string.IsNullOrWhiteSpace(Description) ? Summary : $"{Summary}\n\n{Description}";
}

/// <summary>One change. Changes apply in order, so a path may be deleted and then added again.</summary>
/// <param name="Path">Relative and clean.</param>
internal abstract record CommitChange(string Path);

/// <summary>Adds or replaces a file that git itself holds.</summary>
/// <param name="Attributes">The content, when the file is a <c>.gitattributes</c>: the same commit's large files go by it.</param>
internal sealed record PutFile(string Path, ObjectId Blob, string? Attributes = null) : CommitChange(Path);

/// <summary>Adds or replaces a large file, which the repository must hold.</summary>
/// <param name="Size">Bytes; absent for copies.</param>
internal sealed record PutLargeFile(string Path, Sha256Digest Digest, long? Size) : CommitChange(Path);

/// <summary>Deletes a file or a folder.</summary>
internal sealed record DeleteEntry(string Path) : CommitChange(Path);

/// <summary>Copies a file or folder of the same repository.</summary>
/// <param name="SourceRevision">Absent: the head that the commit is made on.</param>
internal sealed record CopyEntry(string Path, string Source, string? SourceRevision) : CommitChange(Path);
