namespace Lodestone.Hub;

/// <param name="Path">One of the paths that the file has or had.</param>
/// <param name="RefName">A reference that reaches it.</param>
internal readonly record struct FoundPointer(LfsPointer Pointer, string Path, string RefName);

/// <summary>
/// Finds the large files that a repository's references reach, through all of history: each pointer once. Main is looked at
/// first and new commits before old ones, so whoever needs only some of them can soon stop. Memory grows with the number of
/// different trees and files.
/// </summary>
internal sealed class PointerScan(GitRepository git)
{
    private const string Main = RefName.Branches + "main";

    private readonly HashSet<ObjectId> _seen = [];

    public IEnumerable<FoundPointer> From(IEnumerable<GitReference> references, CancellationToken cancel) =>
        references.OrderBy(r => r.Name != Main).ThenBy(r => r.Name, StringComparer.Ordinal).SelectMany(r => From(r, cancel));

    private IEnumerable<FoundPointer> From(GitReference reference, CancellationToken cancel)
    {
        var open = new Queue<ObjectId>([reference.Target]);
        while (open.TryDequeue(out var id))
        {
            cancel.ThrowIfCancellationRequested();
            if (!_seen.Add(id))
            {
                continue;
            }

            var (tree, next) = git.Objects.RequireHeader(id).Type switch
            {
                GitObjectType.Commit => (git.Objects.Commit(id).Tree, git.Objects.Commit(id).Parents),
                GitObjectType.Tag => (GitTree.EmptyId, [git.Objects.FindTag(id)!.Target]), // its header was just read
                _ => (GitTree.EmptyId, []), // a tag may point to a tree or a file: no client looks into it
            };
            foreach (var found in Below(tree, "").Where(f => f.Pointer is not null))
            {
                yield return new FoundPointer(found.Pointer!, found.Path, reference.Name); // just looked at
            }

            foreach (var one in next)
            {
                open.Enqueue(one);
            }
        }
    }

    private IEnumerable<(LfsPointer? Pointer, string Path)> Below(ObjectId tree, string prefix)
    {
        if (!_seen.Add(tree))
        {
            return [];
        }

        return git.Objects.Tree(tree).Entries.SelectMany(entry => entry switch
        {
            { IsFolder: true } => Below(entry.Id, $"{prefix}{entry.Name}/"),
            { IsBlob: true } when _seen.Add(entry.Id) => [(git.ReadPointer(entry.Id), prefix + entry.Name)],
            _ => [],
        });
    }
}

internal static class Pointers
{
    /// <summary>An object that must be there: what cannot be read is not the same as what is not referred to.</summary>
    public static GitObjectHeader RequireHeader(this ObjectDatabase objects, ObjectId id) =>
        objects.Header(id) ?? throw new CorruptRepositoryException($"Object {id} is missing.");

    /// <summary>What a blob points to; null when it is an ordinary file.</summary>
    public static LfsPointer? ReadPointer(this GitRepository git, ObjectId blob) =>
        git.Objects.RequireHeader(blob) is { Size: <= LfsPointer.MaxLength }
            && LfsPointer.TryParse(git.Objects.Read(blob)?.Content, out var pointer) ? pointer : null;
}
