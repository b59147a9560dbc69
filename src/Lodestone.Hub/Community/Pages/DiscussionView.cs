using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Hub;

/// <summary>What the pages of one discussion share.</summary>
/// <param name="Proposal">Of a pull request that has its commits.</param>
/// <param name="Range">What a pull request changes; null where nothing can be shown.</param>
/// <param name="Checks">While it is under way.</param>
internal sealed record DiscussionView(RepoView Repo, Conversation Conversation, Proposal? Proposal, RevisionRange? Range, IReadOnlyList<MergeCheck> Checks)
{
    public Discussion Discussion => Conversation.Discussion;

    public string Href => $"{Repo.Href}/discussions/{Discussion.Number}";

    public Namespace? Author => NameOf(Discussion.AuthorId);

    /// <summary>May rename it, publish it, close it.</summary>
    public bool CanSteer => CanWrite && (Repo.CanChange || Discussion.AuthorId == Repo.Reader.Id);

    public bool CanWrite => Repo.CanChange || (Repo.Reader.May(TokenScope.WriteDiscussions) && !Discussion.IsLocked && !Repo.Repo.DiscussionsDisabled);

    public bool CanDelete => CanWrite && (Repo.CanAdminister || Discussion.AuthorId == Repo.Reader.Id);

    /// <summary>May add commits to the pull request.</summary>
    public bool CanCommit => Discussion is { IsPullRequest: true, IsUnderWay: true } && Proposal is not null && (Repo.CanChange || Discussion.AuthorId == Repo.Reader.Id);

    public IEnumerable<string> Obstacles => Checks.Where(c => c.IsInTheWay).Select(c => c.Name);

    public Namespace? NameOf(Guid id) => Conversation.People.GetValueOrDefault(id);
}

/// <summary>Reads a discussion for its pages.</summary>
internal sealed class DiscussionViews(DiscussionAccess access, Conversations conversations, ProposedCommits commits, Merging merging, MergeChecks checks)
{
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<DiscussionView> OpenAsync(RepoView view, long number, CancellationToken cancel)
    {
        var found = await access.ToReadAsync(RouteOf(view), number, cancel);
        await commits.CatchUpAsync(view.Git, found.Discussion, cancel);
        found = found with { Discussion = await merging.FinishAsync(view.Git, found.Discussion, cancel) };
        var conversation = await conversations.ReadAsync(found.Discussion, cancel);
        var proposal = found.Discussion.IsPullRequest ? Proposal.Read(view.Git, found.Discussion) : null;
        var range = Proposal.Merged(view.Git, found.Discussion) ?? proposal?.Range;
        var told = found.Discussion is { IsPullRequest: true, IsUnderWay: true } ? await checks.RunAsync(found.Repo, found.Discussion, proposal, cancel) : [];
        return new DiscussionView(view, conversation, proposal, range, told);
    }

    public static RepoRoute RouteOf(RepoView view) => new(view.Repo.Type, view.Repo.OwnerName, view.Repo.Name, []);
}
