namespace Lodestone.Hub;

/// <summary>The commits that changed what is at a path, newest first, read as they are asked for.</summary>
internal static class PathHistory
{
    // Commits looked at for one page: beyond this the reader gets what was found.
    private const int MostSearched = 20_000;

    public static IEnumerable<LoggedCommit> Of(GitRepository git, ObjectId head, string path)
    {
        var walk = new TreeWalk(git.Objects);
        foreach (var logged in git.Log.From(head).Take(MostSearched))
        {
            var own = walk.Find(logged.Commit.Tree, path);
            var parents = logged.Commit.Parents;
            if (parents.Count == 0 ? own is not null : parents.All(p => walk.Find(git.Objects.Commit(p).Tree, path) != own))
            {
                yield return logged;
            }
        }
    }
}
