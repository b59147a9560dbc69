using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>How much of the hub is a namespace's, for the overviews of users and organizations.</summary>
internal sealed class NamespaceContent(HubDb db)
{
    public async Task<NamespaceCounts> CountAsync(Caller caller, Guid namespaceId, CancellationToken cancel)
    {
        var visible = db.Repos.AsNoTracking().VisibleTo(caller);
        var counts = await visible.Where(r => r.OwnerId == namespaceId).GroupBy(r => r.Type).Select(g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        var likes = await db.Likes.CountAsync(l => l.UserId == namespaceId && visible.Any(r => r.Id == l.RepoId), cancel);
        return new NamespaceCounts(
            counts.GetValueOrDefault(RepoType.Model), counts.GetValueOrDefault(RepoType.Dataset), counts.GetValueOrDefault(RepoType.Space), likes);
    }
}
