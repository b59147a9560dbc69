using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Tells Billing of every model that can be called, so that it can be given a price.</summary>
internal sealed class PricedModels(HubDb db, Products products) : IEventHandler<RepoPublished>
{
    public async Task HandleAsync(Guid eventId, RepoPublished happened, CancellationToken cancel)
    {
        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel);
        if (repo is { Type: RepoType.Model, IsServable: true })
        {
            await products.RegisterAsync(repo.Id, repo.FullName, repo.OwnerId, cancel); // telling twice is the same as telling once
        }
    }
}
