namespace Lodestone.Hub;

/// <summary>Something to know before a pull request is merged.</summary>
/// <param name="Name"><c>status</c>, <c>conflicts</c>, <c>card</c>, <c>licence</c> or <c>files</c>.</param>
/// <param name="State"><c>passed</c>, <c>warned</c>, or <c>failed</c>, which stands in the way.</param>
/// <param name="Message">For people: what was found, and what to do.</param>
internal sealed record MergeCheck(string Name, string State, string Message)
{
    public bool IsInTheWay => State is "failed";

    public static MergeCheck Passed(string name, string message) => new(name, "passed", message);

    public static MergeCheck Warned(string name, string message) => new(name, "warned", message);

    public static MergeCheck Failed(string name, string message) => new(name, "failed", message);
}

/// <summary>Looks at a pull request as it is now: does it fit its base, can its card be read, is there a licence, are its large files here.</summary>
internal sealed class MergeChecks(HubDb db)
{
    private const int MostFiles = 2000;
    private const int MostNamed = 5;

    public async Task<IReadOnlyList<MergeCheck>> RunAsync(Repo repo, Discussion discussion, Proposal? proposal, CancellationToken cancel)
    {
        if (proposal is null)
        {
            return [MergeCheck.Failed("conflicts", $"{discussion.RefName}, or the branch that it is meant for, is gone.")];
        }

        return [.. Status(discussion, proposal), Conflicts(proposal), .. Card(repo, proposal), await FilesAsync(repo, proposal, cancel)];
    }

    private static IEnumerable<MergeCheck> Status(Discussion discussion, Proposal proposal)
    {
        if (discussion.Status is DiscussionStatus.Draft)
        {
            yield return MergeCheck.Failed("status", "It is a draft. Publish it first.");
        }

        if (proposal.IsContained && discussion.Head is null)
        {
            yield return MergeCheck.Failed("status", $"It has no commits yet. Commit to {discussion.RefName}.");
        }
    }

    private static MergeCheck Conflicts(Proposal proposal) => proposal.Conflicts() switch
    {
        [] when proposal.IsContained => MergeCheck.Warned("conflicts", "Its base has all of its commits already."),
        [] => MergeCheck.Passed("conflicts", "It fits its base."),
        var files => MergeCheck.Failed("conflicts", $"It conflicts with its base in {Named(files)}."),
    };

    private static IEnumerable<MergeCheck> Card(Repo repo, Proposal proposal)
    {
        var tree = new RepoTree(proposal.Git, proposal.Head);
        if (tree.FindEntry("README.md") is not { IsBlob: true } readme || FileSide.Of(proposal.Git, readme) is not { IsText: true })
        {
            return [MergeCheck.Warned("card", $"There is no card: nobody is told what the {repo.Type.Words().Noun} is for.")];
        }

        var card = FrontMatter.Read(GitName.Decode(proposal.Git.Objects.Read(readme.Id)?.Content ?? []));
        if (card.Error is { } error)
        {
            return [MergeCheck.Warned("card", $"The card's metadata cannot be read: {error}")];
        }

        var license = card.Data?["license"]?.ToString();
        return
        [
            MergeCheck.Passed("card", "The card can be read."),
            string.IsNullOrEmpty(license) ? MergeCheck.Warned("licence", "The card names no licence.") : MergeCheck.Passed("licence", $"The licence is {license}."),
        ];
    }

    private async Task<MergeCheck> FilesAsync(Repo repo, Proposal proposal, CancellationToken cancel)
    {
        var larges = proposal.Range.Changes(proposal.Git).Take(MostFiles)
            .Where(c => c.New is { IsBlob: true })
            .Select(c => (c.Path, Pointer: proposal.Git.Objects.FactsOf(c.New!.Value.Id)?.Pointer)) // the line above says that there is one
            .Where(f => f.Pointer is not null).ToList();
        var held = await db.HeldAsync(repo.Id, larges.Select(f => f.Pointer!.Digest).Distinct(), cancel); // those without were left out
        var missing = larges.Where(f => !held.ContainsKey(f.Pointer!.Digest.Hex)).Select(f => f.Path).ToList();
        return missing.Count > 0
            ? MergeCheck.Failed("files", $"The large files of {Named(missing)} are not here. Upload them with git lfs push.")
            : MergeCheck.Passed("files", larges.Count == 0 ? "It brings no large files." : $"{(larges.Count == 1 ? "Its large file is" : $"Its {larges.Count:N0} large files are")} here.");
    }

    private static string Named(IReadOnlyList<string> paths) =>
        string.Join(", ", paths.Take(MostNamed)) + (paths.Count > MostNamed ? $" and {paths.Count - MostNamed:N0} more" : "");
}
