using System.Buffers.Binary;
using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What a row of the log does to its event.</summary>
internal enum EntryKind
{
    /// <summary>The event as it was sent.</summary>
    Event,

    /// <summary>Other data, in place of that of the version before.</summary>
    Amend,

    /// <summary>The event did not happen.</summary>
    Void,

    /// <summary>The account or the meter that was missing is there now.</summary>
    Release,
}

/// <summary>A row to be written into the log.</summary>
/// <param name="Key">The event's identity, see <see cref="CloudEvent.Key"/>.</param>
/// <param name="Version">0 for the event as sent; each correction is one more.</param>
/// <param name="TenantId">On whose word: an organization, or the server itself where it is empty.</param>
/// <param name="AccountId">Who pays; null: in quarantine.</param>
/// <param name="Reason">Why it is in quarantine, or why it was corrected.</param>
/// <param name="JobId">The correction of many that it is part of.</param>
internal sealed record LogEntry(
    byte[] Key, long Version, EntryKind Kind, Guid TenantId, Guid? AccountId, CloudEvent Event, byte[] Hash, string? Reason = null, Guid? JobId = null);

/// <summary>A row of the log.</summary>
/// <param name="Position">Where in the log: later is more, gaps mean nothing.</param>
internal sealed record LoggedEvent(long Position, LogEntry Entry, DateTimeOffset ReceivedAt)
{
    /// <summary>What rated rows call this version of the event: for the one that was sent, its key.</summary>
    public Guid RatedId => IdOf(Entry.Key, 2 * Entry.Version);

    /// <summary>What the rated rows are called that take this version back.</summary>
    public Guid TakenBackId => IdOf(Entry.Key, (2 * Entry.Version) + 1);

    public string KeyText => Convert.ToHexStringLower(Entry.Key);

    /// <summary>The columns that <see cref="Read"/> reads.</summary>
    public const string Columns = "position, key, version, kind, tenant_id, account_id, source, event_id, type, subject, time, data, hash, reason, job_id, received_at";

    public static LoggedEvent Read(Database database, DbDataReader row) => new(
        row.GetInt64(0),
        new LogEntry(
            row.GetFieldValue<byte[]>(1),
            row.GetInt64(2),
            Enum.Parse<EntryKind>(row.GetString(3)),
            row.GetGuid(4),
            row.IsDBNull(5) ? null : row.GetGuid(5),
            new CloudEvent(row.GetString(7), row.GetString(6), row.GetString(8), row.GetString(9), database.ReadInstant(row, 10), row.GetString(11)),
            row.GetFieldValue<byte[]>(12),
            row.IsDBNull(13) ? null : row.GetString(13),
            row.IsDBNull(14) ? null : row.GetGuid(14)),
        database.ReadInstant(row, 15));

    // The key where the number is 0, else different in the last eight bytes; the same whenever it is asked for.
    private static Guid IdOf(byte[] key, long number)
    {
        Span<byte> id = stackalloc byte[CloudEvent.KeyBytes];
        key.CopyTo(id);
        var tail = BinaryPrimitives.ReadUInt64BigEndian(id[8..]) ^ unchecked((ulong)number * 0x9E3779B97F4A7C15UL);
        BinaryPrimitives.WriteUInt64BigEndian(id[8..], tail);
        return new Guid(id, bigEndian: true);
    }
}
