using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>What one may call: the hub's models that can be served, and what the catalogue sells besides.</summary>
internal sealed class CallableModels(Models models, GatewayDb db, TimeProvider clock)
{
    private const int Listed = 1000;

    /// <returns><see langword="null"/> when it is missing or the caller may not see it.</returns>
    /// <exception cref="Refusal"><c>model_retired</c>, or why the hub's model cannot be served.</exception>
    public async Task<CalledModel?> FindAsync(Caller caller, string name, CancellationToken cancel)
    {
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            return null; // PostgreSQL takes no such text
        }

        var plain = name.Split('@', ':')[0].ToLowerInvariant();
        if (await db.Entries.AsNoTracking().SingleOrDefaultAsync(e => e.NameLower == plain, cancel) is not { } entry)
        {
            return await models.FindAsync(caller, name, cancel) is { } open ? CalledModel.Open(open) : null;
        }

        if (!entry.IsVisibleTo(caller))
        {
            return null;
        }

        return entry.RetiresAt is { } end && end <= clock.GetUtcNow() ? throw GatewayRefusals.Retired(entry.Name, end) : await FindAsync(entry, cancel);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<CalledModel>> ListAsync(Caller caller, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var entries = await db.Entries.AsNoTracking().OrderByDescending(e => e.CreatedAt).Take(Listed).ToListAsync(cancel);
        var sold = new List<CalledModel>();
        foreach (var entry in entries.Where(e => e.IsVisibleTo(caller) && !(e.RetiresAt <= now)))
        {
            if (await FindAsync(entry, cancel) is { } model)
            {
                sold.Add(model);
            }
        }

        var open = (await models.ListAsync(caller, cancel)).Where(m => !sold.Exists(s => string.Equals(s.Id, m.Id, StringComparison.OrdinalIgnoreCase)));
        return [.. sold.Concat(open.Select(CalledModel.Open)).OrderByDescending(m => m.CreatedAt).ThenByDescending(m => m.ProductId)];
    }

    private async Task<CalledModel?> FindAsync(CatalogueEntry entry, CancellationToken cancel)
    {
        if (entry.Kind is EntryKind.Closed)
        {
            return await models.FindBehindAsync(entry.RepoId ?? Guid.Empty, cancel) is { } weights ? CalledModel.Closed(entry, weights) : null;
        }

        var backends = await db.Backends.AsNoTracking().Where(b => b.EntryId == entry.Id && b.IsEnabled).OrderBy(b => b.Id).ToListAsync(cancel);
        return CalledModel.Remote(entry, backends);
    }
}
