namespace Lodestone.Hub;

/// <param name="Last">The commit that changed it last.</param>
internal sealed record FolderRow(RepoEntry Entry, string Name, LoggedCommit? Last);

/// <summary>A part of what is in a folder: folders first, then files, each by name.</summary>
/// <param name="Rows">At most <see cref="PageSize"/>.</param>
/// <param name="Total">Entries on all pages that fit what was looked for.</param>
/// <param name="Next">Name of the last row, where more follow.</param>
/// <param name="Last">The commit that changed the folder last.</param>
internal sealed record Folder(IReadOnlyList<FolderRow> Rows, int Total, string? Next, LoggedCommit Last)
{
    public const int PageSize = 200;

    /// <param name="after">The name that the page before ended with.</param>
    /// <param name="sought">A part of a name, in any case; null for all.</param>
    /// <returns>Null when the path is no folder.</returns>
    public static Folder? Read(RepoView view, string path, string? after, string? sought, CancellationToken cancel)
    {
        if (view.Git.Trees.FindFolder(view.Tree.Root, path) is not { } tree)
        {
            return null;
        }

        var fitting = sought is null ? tree.Entries : [.. tree.Entries.Where(e => e.Name.Contains(sought, StringComparison.OrdinalIgnoreCase))];
        var sorted = fitting.OrderBy(e => !e.IsFolder).ThenBy(e => e.Name, StringComparer.OrdinalIgnoreCase).ThenBy(e => e.Name, StringComparer.Ordinal);
        var rest = after is null ? sorted.ToList() : [.. sorted.SkipWhile(e => e.Name != after).Skip(1)];
        var page = rest.Take(PageSize).ToList();
        var last = new LastCommits(view.Git.Objects).Of(view.At.Commit, path, page.Select(e => e.Name).ToHashSet(StringComparer.Ordinal), cancel);
        var rows = page.Select(e => new FolderRow(
            view.Tree.Find(path.Length == 0 ? e.Name : $"{path}/{e.Name}") ?? throw new CorruptRepositoryException($"{path} has changed while it was read."),
            e.Name,
            last.TryGetValue(e.Name, out var commit) ? commit : null));
        return new Folder([.. rows], fitting.Count, rest.Count > page.Count ? page[^1].Name : null, LastOf(view, path, cancel));
    }

    /// <summary>The newest commit that changed what is at the path.</summary>
    public static LoggedCommit LastOf(RepoView view, string path, CancellationToken cancel)
    {
        var (folder, name) = path.LastIndexOf('/') is > 0 and var slash ? (path[..slash], path[(slash + 1)..]) : ("", path);
        var last = path.Length == 0 ? null : new LastCommits(view.Git.Objects).Of(view.At.Commit, folder, new HashSet<string>([name], StringComparer.Ordinal), cancel);
        return last?.TryGetValue(name, out var commit) is true ? commit : new LoggedCommit(view.At.Commit, view.Git.Objects.Commit(view.At.Commit));
    }
}
