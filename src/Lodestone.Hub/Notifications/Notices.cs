using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>A user's notifications in the web.</summary>
internal sealed class Notices(HubDb db, Caller caller, TimeProvider clock)
{
    /// <summary>The newest first.</summary>
    /// <param name="reason">Null: all.</param>
    /// <param name="before">The last of the page before; null: from the newest.</param>
    public async Task<IReadOnlyList<Notification>> ListAsync(NotificationReason? reason, bool isUnread, Guid? before, int limit, CancellationToken cancel)
    {
        var found = Own().AsNoTracking().Where(n => (reason == null || n.Reason == reason) && (!isUnread || n.ReadAt == null));
        if (before is { } id && await Own().Where(n => n.Id == id).Select(n => (DateTimeOffset?)n.At).SingleOrDefaultAsync(cancel) is { } at)
        {
            found = found.Where(n => n.At < at || (n.At == at && n.Id.CompareTo(id) < 0));
        }

        return await found.OrderByDescending(n => n.At).ThenByDescending(n => n.Id).Take(limit).ToListAsync(cancel);
    }

    /// <param name="id">Null: all of them.</param>
    public Task ReadAsync(Guid? id, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        return db.WriteAsync(inner => Own().Where(n => n.ReadAt == null && (id == null || n.Id == id)).ExecuteUpdateAsync(n => n.SetProperty(x => x.ReadAt, now), inner), cancel);
    }

    private IQueryable<Notification> Own() => db.Notifications.VisibleTo(db, caller.Authenticated()).Where(n => n.IsInWeb);
}

/// <summary>The number at the bell. With rows of its own, because the page beneath the frame reads at the same time.</summary>
internal sealed class UnreadNotices(IServiceScopeFactory scopes) : INoticeCount
{
    public string Href => "/notifications";

    public async Task<int> UnreadAsync(Caller caller, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDb>();
        return await db.Notifications.VisibleTo(db, caller).CountAsync(n => n.IsInWeb && n.ReadAt == null, cancel);
    }
}
