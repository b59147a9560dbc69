using Lodestone.Core;

namespace Lodestone.Hub;

/// <param name="Id">Full commit id.</param>
/// <param name="Title">First line of the message.</param>
internal sealed record LastCommit(string Id, string Title, string Date);

/// <summary>For each of some entries, the last commit that changed it.</summary>
internal static class LastChanges
{
    public static IReadOnlyDictionary<string, LastCommit> Of(GitRepository git, ObjectId head, IEnumerable<RepoEntry> entries, CancellationToken cancel)
    {
        var last = new LastCommits(git.Objects);
        var found = new Dictionary<string, LastCommit>(StringComparer.Ordinal);
        foreach (var folder in entries.GroupBy(e => FolderOf(e.Path), StringComparer.Ordinal))
        {
            var names = folder.Select(e => Path.GetFileName(e.Path)).ToHashSet(StringComparer.Ordinal);
            foreach (var (name, logged) in last.Of(head, folder.Key, names, cancel))
            {
                var commit = new LastCommit(logged.Id.ToString(), logged.Commit.Title, Instants.ToWire(logged.Commit.Committer.When));
                found[folder.Key.Length == 0 ? name : $"{folder.Key}/{name}"] = commit;
            }
        }

        return found;
    }

    private static string FolderOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
}
