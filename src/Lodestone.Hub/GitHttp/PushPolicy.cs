namespace Lodestone.Hub;

/// <summary>
/// Which references a push may change: whoever may change the repository its branches and tags, everybody their own pull requests. The reasons are short: git shows them in parentheses behind the reference's name.
/// </summary>
/// <param name="proposals">References of pull requests that the sender may go on with.</param>
internal sealed class PushPolicy(bool canChange, IReadOnlySet<string> proposals)
{
    public const string Main = RefName.Branches + "main";

    public const string MainMovesForward = "main only moves forward; fetch and merge first, or push to another branch";

    /// <summary>What can be said without looking at the pack: reasons by name of those that are refused.</summary>
    public Dictionary<string, string> Refuse(IReadOnlyList<RefUpdate> commands)
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

    private string? Refuse(RefUpdate command) => command switch
    {
        { Name: var name } when name.StartsWith(Hub.PullRequests.Prefix, StringComparison.Ordinal) => RefuseProposal(command),
        _ when !canChange => "you may push to your own pull requests alone",
        { Name: Main, New: null } => "main cannot be deleted",
        { Old: null, New: null } => "there is no such reference to delete",
        { Name: var name } when name.StartsWith(RefName.Branches, StringComparison.Ordinal) => RefName.IsValidBranch(name[RefName.Branches.Length..]) ? null : "not a valid name of a branch",
        { Name: var name } when name.StartsWith(RefName.Tags, StringComparison.Ordinal) => RefName.IsValidTag(name[RefName.Tags.Length..]) ? null : "not a valid name of a tag",
        _ => "only branches, tags and pull requests can be pushed",
    };

    private string? RefuseProposal(RefUpdate command) => command switch
    {
        { Old: null } => "there is no such pull request; open one first, and its number names the reference",
        { New: null } => "pull requests are not deleted by pushing; close it instead",
        _ => proposals.Contains(command.Name) ? null : "it is closed or merged, or not yours to change",
    };
}
