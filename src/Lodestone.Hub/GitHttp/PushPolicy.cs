namespace Lodestone.Hub;

/// <summary>Which references a push may change. The reasons are short: git shows them in parentheses behind the reference's name.</summary>
internal static class PushPolicy
{
    public const string Main = RefName.Branches + "main";

    public const string MainMovesForward = "main only moves forward; fetch and merge first, or push to another branch";

    private const string PullRequests = "refs/pr/";

    /// <summary>What can be said without looking at the pack: reasons by name of those that are refused.</summary>
    public static Dictionary<string, string> Refuse(IReadOnlyList<RefUpdate> commands)
    {
        var reasons = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var command in commands)
        {
            if (Refuse(command) is { } reason)
            {
                reasons[command.Name] = reason;
            }
        }

        foreach (var twice in commands.GroupBy(c => c.Name, StringComparer.Ordinal).Where(g => g.Skip(1).Any()))
        {
            reasons[twice.Key] = "named twice in one push";
        }

        return reasons;
    }

    private static string? Refuse(RefUpdate command) => command switch
    {
        { Name: Main, New: null } => "main cannot be deleted",
        { Old: null, New: null } => "there is no such reference to delete",
        { Name: var name } when name.StartsWith(PullRequests, StringComparison.Ordinal) => "pull requests are not changed by pushing; push to a branch instead",
        { Name: var name } when name.StartsWith(RefName.Branches, StringComparison.Ordinal) => RefName.IsValidBranch(name[RefName.Branches.Length..]) ? null : "not a valid name of a branch",
        { Name: var name } when name.StartsWith(RefName.Tags, StringComparison.Ordinal) => RefName.IsValidTag(name[RefName.Tags.Length..]) ? null : "not a valid name of a tag",
        _ => "only branches and tags can be pushed",
    };
}
