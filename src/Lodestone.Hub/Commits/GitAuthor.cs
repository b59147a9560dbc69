using Lodestone.Core;

namespace Lodestone.Hub;

internal static class GitAuthor
{
    private const string Domain = "@users.noreply.invalid";
    private const string CoAuthorKey = "Co-authored-by: ";

    public static GitSignature Of(Caller caller, TimeProvider clock) => new(caller.Name, AddressOf(caller.Name), clock.GetUtcNow());

    /// <summary>An address that cannot be mailed: people's own are not revealed.</summary>
    public static string AddressOf(string name) => name + Domain;

    /// <summary>A line at the end of a message that names somebody else who made the commit.</summary>
    public static string CoAuthor(string name) => $"{CoAuthorKey}{name} <{AddressOf(name)}>";

    /// <summary>Everybody who made a commit: its author, and those whom its message names in the way of this server.</summary>
    public static IReadOnlyList<string> AllOf(GitCommit commit)
    {
        var others = commit.Message.Split('\n')
            .Where(l => l.StartsWith(CoAuthorKey, StringComparison.Ordinal) && l.Contains(" <", StringComparison.Ordinal))
            .Select(l => l[CoAuthorKey.Length..l.LastIndexOf(" <", StringComparison.Ordinal)])
            .Where(name => commit.Message.Contains(CoAuthor(name), StringComparison.Ordinal));
        return [commit.Author.Name, .. others.Where(name => name != commit.Author.Name).Distinct(StringComparer.Ordinal)];
    }
}
