using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Who stands where at a repository's gate, with names.</summary>
internal sealed class AccessLists(HubDb db, Namespaces namespaces)
{
    /// <summary>The three lists that clients know. Revoked is a rejection to them; the states without an answer are in none.</summary>
    public static IReadOnlyList<AccessState> StatesOf(string list) => list switch
    {
        "pending" => [AccessState.Pending],
        "accepted" => [AccessState.Accepted],
        "rejected" => [AccessState.Rejected, AccessState.Revoked],
        _ => AccessStates.Parse(list) is { } state ? [state] : throw new Refusal(RefusalCode.Invalid, $"\"{list}\" is no state of access.") { Param = "state" },
    };

    public async Task<AccessRows> ReadAsync(Guid repoId, IReadOnlyList<AccessState> states, string? cursor, int limit, CancellationToken cancel)
    {
        var found = db.AccessRequests.AsNoTracking().Where(a => a.RepoId == repoId && states.Contains(a.State));
        if (TimeCursor.Read(cursor) is { } last)
        {
            found = found.Where(a => a.ChangedAt < last.At || (a.ChangedAt == last.At && a.Id.CompareTo(last.Id) < 0));
        }

        var rows = await found.OrderByDescending(a => a.ChangedAt).ThenByDescending(a => a.Id).Take(limit + 1).ToListAsync(cancel);
        string? next = null;
        if (rows.Count > limit)
        {
            rows.RemoveAt(limit);
            next = new TimeCursor(rows[^1].ChangedAt, rows[^1].Id).ToString();
        }

        return new AccessRows(await NamedAsync(rows, cancel), next);
    }

    public async Task<IReadOnlyDictionary<AccessState, int>> CountAsync(Guid repoId, CancellationToken cancel) =>
        await db.AccessRequests.Where(a => a.RepoId == repoId).GroupBy(a => a.State).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel);

    public async Task<IReadOnlyList<AccessEntry>> NamedAsync(IReadOnlyList<AccessRequest> rows, CancellationToken cancel)
    {
        var names = await namespaces.ByIdAsync([.. rows.SelectMany(r => new[] { r.SubjectId, r.AskedBy, r.DecidedBy ?? r.SubjectId }).Distinct()], cancel);
        var emails = await namespaces.VerifiedEmailsAsync([.. rows.Where(r => !r.IsGranted).Select(r => r.AskedBy)], cancel);
        return [.. rows.Where(r => names.ContainsKey(r.SubjectId)).Select(r => new AccessEntry(
            r, names[r.SubjectId], names.GetValueOrDefault(r.AskedBy), r.DecidedBy is { } by ? names.GetValueOrDefault(by) : null, r.IsGranted ? null : emails.GetValueOrDefault(r.AskedBy)))];
    }
}

/// <param name="Next">Cursor of the next page; null on the last.</param>
internal sealed record AccessRows(IReadOnlyList<AccessEntry> Entries, string? Next);

/// <param name="Subject">Whose access it is.</param>
/// <param name="AskedBy">For an organization, who acted for it.</param>
/// <param name="DecidedBy">Null where the gate's rule decided, or nobody has.</param>
/// <param name="Email">Of who asked, verified; null for those whom the owner let in unasked.</param>
internal sealed record AccessEntry(AccessRequest Request, Namespace Subject, Namespace? AskedBy, Namespace? DecidedBy, string? Email);

/// <summary>Where a list goes on that is newest first: the moment of the last row seen, and which of that moment it was.</summary>
internal sealed record TimeCursor(DateTimeOffset At, Guid Id)
{
    /// <returns>Null: from the beginning.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static TimeCursor? Read(string? cursor) => Cursor.Decode(cursor)?.Split(' ') switch
    {
        null => null,
        [var text, var id] when Instants.TryParseMicroseconds(text, out var at) && Guid.TryParseExact(id, "N", out var last) => new TimeCursor(at, last),
        _ => throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" },
    };

    /// <summary>Before <see cref="Cursor.Encode"/>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Instants.ToMicroseconds(At)} {Id:N}");
}
