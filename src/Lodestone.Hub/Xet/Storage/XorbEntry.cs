using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes down that a xorb is here, and who sent it, after its bytes are durable.</summary>
internal sealed class XorbEntry(HubDb db, Database database, TimeProvider clock)
{
    /// <summary>A xorb that no file needs yet begins to wait anew: whoever sent it has the whole time to use it.</summary>
    /// <param name="granteeId">Who may build on it from now on; null: nobody new.</param>
    /// <returns>False when the grantee might already.</returns>
    public Task<bool> AddAsync(ChunkTable table, Guid? granteeId, CancellationToken cancel)
    {
        var (hash, now) = (table.Xorb.ToString(), database.Instant(clock.GetUtcNow()));
        return db.WriteAsync(
            async inner =>
            {
                await db.Database.ExecuteSqlAsync(
                    $"""
                    insert into hub_xorb (hash, size, unpacked_size, chunk_count, created_at, unreferenced_since)
                    values ({hash}, {table.RecordBytes}, {table.UnpackedBytes}, {table.Chunks.Count}, {now}, {now})
                    on conflict (hash) do update set unreferenced_since = case when hub_xorb.unreferenced_since is null then null else excluded.unreferenced_since end
                    """,
                    inner);
                return granteeId is { } id && await db.Database.ExecuteSqlAsync(
                    $"insert into hub_xorb_grant (xorb, grantee_id) values ({hash}, {id}) on conflict (xorb, grantee_id) do nothing", inner) == 1;
            },
            cancel);
    }
}
