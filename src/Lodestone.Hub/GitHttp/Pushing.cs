using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Takes a push:
/// <list type="number">
/// <item>references that may not change are refused;</item>
/// <item>the pack is indexed in a quarantine, where every object in it is checked;</item>
/// <item>nothing that the new references lead to may be missing, and everything new must keep the rules;</item>
/// <item>main must move forward;</item>
/// <item>pack and references are published together, or, unless the client asked for all or none, those that can be.</item>
/// </list>
/// Whichever way it ends, the quarantine goes.
/// </summary>
internal sealed partial class Pushing(HubDb db, PullRequests pullRequests, RepoRefresh refresh, PushLimits limits, Caller caller, ILogger<Pushing> log)
{
    private const int MostAttempts = 20;
    private const string FetchFirst = "fetch first";

    public async Task ReceiveAsync(Repo repo, GitRepository git, PushRequest push, Stream pack, PushAnswer answer, CancellationToken cancel)
    {
        var reasons = new PushPolicy(repo.CanBeChangedBy(caller), await ProposalsAsync(repo, push, cancel)).Refuse(push.Commands);
        using var quarantine = Quarantine.Create(git, limits.Bounds);
        var broken = push.BringsPack ? await quarantine.ReceiveAsync(pack, limits.Pack, line => answer.RelayAsync(line, cancel), cancel) : null;
        if (broken is not null)
        {
            RefuseAll(push.Commands, reasons, "unpacker error");
            await DrainAsync(pack, cancel);
        }
        else
        {
            RefuseStale(git, push.Commands, reasons);
            await CheckAsync(repo, quarantine, push.Commands, reasons, answer, cancel);
            await PublishAsync(repo, git, quarantine, push, reasons, cancel);
        }

        await answer.ReportAsync(broken, reasons, cancel);
    }

    /// <summary>Of the pull requests that the push is for, those that the caller may go on with.</summary>
    private async Task<HashSet<string>> ProposalsAsync(Repo repo, PushRequest push, CancellationToken cancel)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var command in push.Commands)
        {
            if (await pullRequests.FindAsync(repo.Id, command.Name, cancel) is { IsUnderWay: true } proposal && (proposal.AuthorId == caller.Id || repo.CanBeChangedBy(caller)))
            {
                found.Add(command.Name);
            }
        }

        return found;
    }

    private static IEnumerable<RefUpdate> Accepted(IEnumerable<RefUpdate> commands, Dictionary<string, string> reasons) =>
        commands.Where(c => !reasons.ContainsKey(c.Name));

    private static void RefuseAll(IEnumerable<RefUpdate> commands, Dictionary<string, string> reasons, string reason)
    {
        foreach (var command in commands)
        {
            reasons.TryAdd(command.Name, reason);
        }
    }

    private static void RefuseStale(GitRepository git, IReadOnlyList<RefUpdate> commands, Dictionary<string, string> reasons) =>
        RefuseAll(Accepted(commands, reasons).Where(c => git.References.Find(c.Name) != c.Old).ToList(), reasons, FetchFirst);

    private async Task CheckAsync(
        Repo repo, Quarantine quarantine, IReadOnlyList<RefUpdate> commands, Dictionary<string, string> reasons, PushAnswer answer, CancellationToken cancel)
    {
        var coming = Accepted(commands, reasons).Where(c => c.New is not null).ToList();
        var rules = new PushRules(limits);
        try
        {
            await foreach (var found in quarantine.ListNewAsync(coming.Select(c => c.New!.Value).Distinct(), cancel)) // those without were left out
            {
                rules.Look(found);
                await answer.KeepAliveAsync(cancel);
            }
        }
        catch (MissingObjectsException missing)
        {
            Incomplete(log, repo.Id, missing.Message);
            RefuseAll(coming, reasons, "missing necessary objects");
            return;
        }

        foreach (var complaint in await rules.ComplaintsAsync(db, repo.Id, cancel))
        {
            foreach (var line in complaint.Lines)
            {
                await answer.SayAsync(line, cancel);
            }

            RefuseAll(coming, reasons, complaint.Reason);
        }

        var shapes = new TreeShapes(quarantine, limits.Files);
        foreach (var command in Accepted(coming, reasons).ToList())
        {
            if (await RefuseTargetAsync(command, quarantine, shapes, cancel) is { } reason)
            {
                reasons[command.Name] = reason;
            }
        }
    }

    private static async Task<string?> RefuseTargetAsync(RefUpdate command, Quarantine quarantine, TreeShapes shapes, CancellationToken cancel)
    {
        var target = command.New!.Value; // deletions have none and do not come here
        if (quarantine.HomeOf(target).FindCommit(target) is not { } commit)
        {
            return command.Name.StartsWith(RefName.Tags, StringComparison.Ordinal) ? null : "a branch must point to a commit";
        }

        var isBackwards = command is { Name: PushPolicy.Main, Old: { } old } && !await quarantine.IsAncestorAsync(old, target, cancel);
        return isBackwards ? PushPolicy.MainMovesForward : shapes.Refuse(commit.Tree);
    }

    private async Task PublishAsync(
        Repo repo, GitRepository git, Quarantine quarantine, PushRequest push, Dictionary<string, string> reasons, CancellationToken cancel)
    {
        using var pack = quarantine.Pack();
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (push.IsAtomic && reasons.Count > 0)
            {
                RefuseAll(push.Commands, reasons, "another reference of this atomic push was refused");
            }

            var updates = Accepted(push.Commands, reasons).ToList();
            if (updates.Count == 0)
            {
                return;
            }

            switch (await TryPublishAsync(git, pack, updates, cancel))
            {
                case Published:
                    Pushed(log, caller.Name, updates.Count, repo.Id);
                    await refresh.AfterMoveAsync(repo.Id, git, updates, caller.Id);
                    return;
                case Conflict conflict:
                    reasons[conflict.RefName] = FetchFirst;
                    break;
                case NameTaken taken:
                    reasons[taken.RefName] = $"cannot be while {taken.By} exists";
                    break;
                default:
                    RefuseAll(updates, reasons, "another change is under way; try again");
                    return;
            }
        }

        RefuseAll(push.Commands, reasons, "too many references change meanwhile; try again");
    }

    /// <returns>Null when another process keeps a reference locked.</returns>
    private static async Task<PublishOutcome?> TryPublishAsync(GitRepository git, NewPack? pack, List<RefUpdate> updates, CancellationToken cancel)
    {
        try
        {
            return await git.Publish([pack], updates, cancel);
        }
        catch (Refusal refusal) when (refusal.Code == RefusalCode.Unavailable)
        {
            return null;
        }
    }

    /// <summary>A client hears the answer only when it has sent all.</summary>
    private async Task DrainAsync(Stream pack, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        var left = limits.Pack;
        try
        {
            for (int read; left > 0 && (read = await pack.ReadAsync(buffer, cancel)) > 0; left -= read)
            {
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // It broke off: so be it.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserName} pushed {Count} references to repository {RepoId}")]
    private static partial void Pushed(ILogger log, string userName, int count, Guid repoId);

    [LoggerMessage(Level = LogLevel.Information, Message = "A push to repository {RepoId} lacks objects: {Complaint}")]
    private static partial void Incomplete(ILogger log, Guid repoId, string complaint);
}
