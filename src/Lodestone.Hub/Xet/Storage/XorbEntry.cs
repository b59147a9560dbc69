using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes down that a xorb is here, and who sent it, after its bytes are durable.</summary>
internal sealed class XorbEntry(HubDb db, Database database, TimeProvider clock)
{
    /// <param name="granteeId">Who may build on it from now on; null: nobody new.</param>
    /// <inheritdoc cref="AddAsync(ChunkTable, IReadOnlyList{Guid}, CancellationToken)"/>
    public Task<bool> AddAsync(ChunkTable table, Guid? granteeId, CancellationToken cancel) => AddAsync(table, granteeId is { } id ? [id] : [], cancel);

    /// <summary>A xorb that no file needs yet begins to wait anew: whoever sent it has the whole time to use it.</summary>
    /// <param name="grantees">Who may build on it from now on.</param>
    /// <returns>Whether that is new to the first of them.</returns>
    public Task<bool> AddAsync(ChunkTable table, IReadOnlyList<Guid> grantees, CancellationToken cancel)
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
                var news = new List<bool>();
                foreach (var id in grantees)
                {
                    news.Add(await db.Database.ExecuteSqlAsync($"insert into hub_xorb_grant (xorb, grantee_id) values ({hash}, {id}) on conflict (xorb, grantee_id) do nothing", inner) == 1);
                }

                return news is [true, ..];
            },
            cancel);
    }
}
