using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What was fetched through acceptances, for the repository's owner.</summary>
internal sealed class DownloadLists(HubDb db, Namespaces namespaces)
{
    /// <summary>Newest first.</summary>
    public async Task<(IReadOnlyList<DownloadView> Rows, string? Next)> ReadAsync(Guid repoId, string? cursor, int limit, CancellationToken cancel)
    {
        var found = db.GatedDownloads.AsNoTracking().Where(d => d.RepoId == repoId);
        if (TimeCursor.Read(cursor) is { } last)
        {
            found = found.Where(d => d.At < last.At || (d.At == last.At && d.Id.CompareTo(last.Id) < 0));
        }

        var rows = await found.OrderByDescending(d => d.At).ThenByDescending(d => d.Id).Take(limit + 1)
            .Join(db.AccessRequests, d => d.RequestId, a => a.Id, (d, a) => new { Download = d, a.SubjectId })
            .OrderByDescending(x => x.Download.At).ThenByDescending(x => x.Download.Id)
            .ToListAsync(cancel);
        string? next = null;
        if (rows.Count > limit)
        {
            rows.RemoveAt(limit);
            next = new TimeCursor(rows[^1].Download.At, rows[^1].Download.Id).ToString();
        }

        var names = await NamesAsync(rows.SelectMany(r => new[] { r.Download.CallerId, r.SubjectId }), cancel);
        return ([.. rows.Select(r => DownloadView.Of(r.Download, names.GetValueOrDefault(r.Download.CallerId) ?? "", names.GetValueOrDefault(r.SubjectId) ?? ""))], next);
    }

    /// <summary>Whose acceptance stands, the newest first, and which revisions were fetched through it.</summary>
    public async Task<(IReadOnlyList<HolderView> Holders, string? Next)> HoldersAsync(Guid repoId, string? cursor, int limit, CancellationToken cancel)
    {
        var page = await new AccessLists(db, namespaces).ReadAsync(repoId, [AccessState.Accepted], cursor, limit, cancel);
        var ids = page.Entries.Select(e => e.Request.Id).ToList();
        var held = await db.GatedDownloads.Where(d => ids.Contains(d.RequestId))
            .GroupBy(d => new { d.RequestId, d.CallerId, d.Revision })
            .Select(g => new { g.Key.RequestId, g.Key.CallerId, g.Key.Revision, Bytes = g.Sum(d => d.Bytes), Last = g.Max(d => d.At) })
            .ToListAsync(cancel);
        var names = await NamesAsync(held.Select(h => h.CallerId), cancel);
        return ([.. page.Entries.Select(e => new HolderView(
            AccessSubjectView.Of(e.Subject, e.Email),
            Instants.ToWire(e.Request.ChangedAt),
            [.. held.Where(h => h.RequestId == e.Request.Id).OrderByDescending(h => h.Last).Select(h => new HeldRevision(names.GetValueOrDefault(h.CallerId) ?? "", h.Revision, h.Bytes, Instants.ToWire(h.Last)))]))], page.Next);
    }

    private async Task<Dictionary<Guid, string>> NamesAsync(IEnumerable<Guid> ids, CancellationToken cancel)
    {
        var wanted = ids.Distinct().ToList();
        var names = (await namespaces.ByIdAsync(wanted, cancel)).ToDictionary(n => n.Key, n => n.Value.Name);
        foreach (var (id, name) in await namespaces.ServiceAccountNamesAsync([.. wanted.Where(id => !names.ContainsKey(id))], cancel))
        {
            names[id] = name;
        }

        return names;
    }
}

/// <param name="Caller">A user's name, or a service account's with its organization.</param>
/// <param name="CallerType"><c>user</c> or <c>service_account</c>.</param>
/// <param name="Through">Whose acceptance let the caller in.</param>
/// <param name="Way"><c>file</c>, <c>raw</c>, <c>lfs</c>, <c>xet</c> or <c>git</c>.</param>
/// <param name="Revision">Full commit id; absent where the client named content alone.</param>
/// <param name="Path">Or the content's hash; empty: the repository as a whole.</param>
/// <param name="Bytes">That answers carried, or links were given for.</param>
internal sealed record DownloadView(string Time, string Caller, string CallerType, string Through, string Way, string? Revision, string Path, long Bytes, long Requests)
{
    public static DownloadView Of(GatedDownload row, string caller, string through) => new(
        Instants.ToWire(row.At), caller, row.IsServiceAccount ? "service_account" : "user", through, row.Way.ToWire(), row.Revision, row.Path, row.Bytes, row.Requests);

    public string[] Cells() =>
        [Time, Caller, CallerType, Through, Way, Revision ?? "", Path, Bytes.ToString(CultureInfo.InvariantCulture), Requests.ToString(CultureInfo.InvariantCulture)];
}

/// <param name="Since">When it was accepted.</param>
internal sealed record HolderView(AccessSubjectView User, string Since, IReadOnlyList<HeldRevision> Revisions);

/// <param name="Caller">Who fetched it.</param>
/// <param name="Revision">Absent where the client named content alone.</param>
internal sealed record HeldRevision(string Caller, string? Revision, long Bytes, string LastAt);
