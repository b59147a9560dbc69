namespace Lodestone.Hub;

/// <summary>A revision and a path in it, told apart in an address where both may have slashes.</summary>
/// <param name="Name">The revision as the client wrote it.</param>
/// <param name="Path">Empty for the root.</param>
internal sealed record RevisionPath(string Name, ObjectId Commit, string Path)
{
    private const int MostJoined = 12; // bounds the work that an address can ask for

    private static readonly string[] Special = ["pr", "convert", "heads", "tags"];

    /// <summary>
    /// The first segment, when it is a revision by itself; else the longest beginning of the segments that is one, so that
    /// <c>refs/pr/1/file</c> and branches with slashes work unescaped.
    /// </summary>
    /// <exception cref="Core.Refusal"><c>revision_not_found</c>.</exception>
    public static RevisionPath Read(GitRepository git, IReadOnlyList<string> segments)
    {
        if (segments is [] or [""])
        {
            throw HubRefusals.RevisionNotFound("");
        }

        for (var taken = 1; ; taken = taken == 1 ? Math.Min(segments.Count, MostJoined) : taken - 1)
        {
            var name = string.Join('/', segments.Take(taken));
            if (git.Revisions.Find(name) is { } revision)
            {
                return new RevisionPath(name, revision.Commit, string.Join('/', segments.Skip(taken)).TrimEnd('/'));
            }

            if (taken == 2 || segments.Count == 1)
            {
                throw HubRefusals.RevisionNotFound(Likely(segments));
            }
        }
    }

    /// <exception cref="Core.Refusal"><c>revision_not_found</c>.</exception>
    public static RevisionPath OfRevision(GitRepository git, string name) =>
        git.Revisions.Find(name) is { } revision ? new RevisionPath(name, revision.Commit, "") : throw HubRefusals.RevisionNotFound(name);

    private static string Likely(IReadOnlyList<string> segments) =>
        segments is ["refs", var kind, ..] && Special.Contains(kind, StringComparer.Ordinal) ? string.Join('/', segments.Take(3)) : segments[0];
}
