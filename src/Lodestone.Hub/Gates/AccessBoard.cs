using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What the owner's page about a gate shows.</summary>
/// <param name="Set">What the owner has set, apart from what the card says; null: nothing yet.</param>
/// <param name="List"><c>pending</c>, <c>accepted</c> or <c>rejected</c>: which of the lists is open.</param>
/// <param name="Counts">How many stand where.</param>
internal sealed record AccessBoard(GateView Gate, Gate? Set, string List, IReadOnlyDictionary<AccessState, int> Counts, AccessRows Page, IReadOnlyList<DownloadView> Downloads)
{
    public static readonly string[] Lists = ["pending", "accepted", "rejected"];

    public int CountOf(string list) => AccessLists.StatesOf(list).Sum(state => Counts.GetValueOrDefault(state));
}

/// <summary>Reads the page's rows before any of its components begins.</summary>
internal sealed class AccessBoards(HubDb db, GateViews gates, AccessLists lists, DownloadLists downloads)
{
    private const int Shown = 50;
    private const int ShownDownloads = 20;

    public async Task<AccessBoard> ReadAsync(Repo repo, Caller reader, string? list, string? cursor, CancellationToken cancel)
    {
        var open = AccessBoard.Lists.Contains(list, StringComparer.Ordinal) ? list! : AccessBoard.Lists[0]; // it is one of them
        return new AccessBoard(
            await gates.OfAsync(repo, reader, cancel), await db.Gates.AsNoTracking().SingleOrDefaultAsync(g => g.RepoId == repo.Id, cancel), open, await lists.CountAsync(repo.Id, cancel), await lists.ReadAsync(repo.Id, AccessLists.StatesOf(open), cursor, Shown, cancel),
            (await downloads.ReadAsync(repo.Id, null, ShownDownloads, cancel)).Rows);
    }
}
