using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Does publishes again that a power cut may have left in pieces: packs cut short, references of the past, or empty ones.</summary>
internal sealed class PublishRecovery(string repository)
{
    private readonly References _references = new(repository);

    /// <param name="records">Of one journal, in the order in which they happened.</param>
    /// <param name="writtenAt">When the last of them was.</param>
    public void Redo(IReadOnlyList<PublishRecord> records, DateTime writtenAt)
    {
        var packFolder = Path.Combine(repository, "objects", "pack");
        foreach (var pack in records.SelectMany(r => r.Packs))
        {
            // A pack of this name has these very bytes, so replacing one changes nothing.
            var name = Path.Combine(packFolder, $"pack-{pack.Checksum}");
            Replace(name + ".pack", PackWriter.TemporaryPrefix + "again", pack.Content);
            Replace(name + ".idx", PackWriter.TemporaryPrefix + "again", pack.Index);
        }

        DirectorySync.Flush(packFolder);
        foreach (var moves in records.SelectMany(r => r.Updates).GroupBy(u => u.Name, StringComparer.Ordinal))
        {
            if (!IsWrittenAfter(moves.Key, writtenAt))
            {
                Point(moves.Key, moves.Last().New);
            }
        }
    }

    /// <summary>
    /// A publish writes its reference before its record, and what is published otherwise empties the journal first. So only git, used by
    /// hand while no server ran, can have written later, and that stays.
    /// </summary>
    private bool IsWrittenAfter(string name, DateTime writtenAt) =>
        File.GetLastWriteTimeUtc(_references.PathOf(name)) is var loose && File.Exists(_references.PathOf(name))
            ? loose > writtenAt
            : File.Exists(_references.PackedRefsPath) && File.GetLastWriteTimeUtc(_references.PackedRefsPath) > writtenAt;

    private void Point(string name, ObjectId? target)
    {
        var path = _references.PathOf(name);
        Replace(path, Path.GetFileName(path) + ".lock", Encoding.ASCII.GetBytes($"{target}\n"));
        DirectorySync.Flush(Path.GetDirectoryName(path)!); // a reference is in a folder
    }

    private static void Replace(string path, string temporaryName, byte[] content)
    {
        var folder = Path.GetDirectoryName(path)!; // of a pack or a reference
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, temporaryName);
        using var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None); // held, so that it is not taken for a leftover
        RandomAccess.Write(file, content, 0);
        RandomAccess.FlushToDisk(file);
        File.Move(temporary, path, overwrite: true);
    }
}
