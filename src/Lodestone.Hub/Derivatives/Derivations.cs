using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A public model that was made from another one, as its card says.</summary>
internal sealed class Derivation
{
    public required Guid BaseId { get; init; }

    public required Guid RepoId { get; init; }

    /// <summary><c>finetune</c>, <c>adapter</c>, <c>merge</c> or <c>quantized</c>.</summary>
    public required string Relation { get; init; }

    public required DateTimeOffset FoundAt { get; init; }

    /// <summary>When a digest told of it; null: none yet.</summary>
    public DateTimeOffset? ToldAt { get; init; }
}

/// <summary>
/// Finds out which models a model says it was made from, whenever it is made, changed or shown. What is new is an event of the base,
/// for webhooks that ask for it, and goes into the day's digest for those who look after the base.
/// </summary>
internal sealed class FindDerivations(HubDb db, Tasks tasks, TimeProvider clock) : IEventHandler<RepoChanged>
{
    private const string Prefix = "base_model:";

    public async Task HandleAsync(Guid eventId, RepoChanged happened, CancellationToken cancel)
    {
        if (happened.Kind is ChangeKind.Delete || happened.Scope is RepoEvent.OfDerivative
            || await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel) is not { Type: RepoType.Model, IsPrivate: false } repo)
        {
            return;
        }

        var tags = await db.Tags.Where(t => t.RepoId == repo.Id && t.Tag.StartsWith(Prefix)).Select(t => t.Tag).ToListAsync(cancel);
        foreach (var (relation, path) in tags.Select(t => t.Split(':', 3)).Where(p => p.Length == 3).Select(p => (p[1], p[2].ToLowerInvariant())))
        {
            if (await db.Repos.AsNoTracking().At(RepoType.Model, path).SingleOrDefaultAsync(r => r.Id != repo.Id, cancel) is { } original && await AddAsync(original, repo, relation, cancel))
            {
                // Those of one day together, after it has ended.
                await tasks.ScheduleAsync(DerivationDigest.Kind, original.OwnerId.ToString("N"), DayOf(clock.GetUtcNow()).AddDays(1), new { }, cancel);
            }
        }
    }

    /// <summary>Its beginning, in UTC.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset at) => new(at.UtcDateTime.Date, TimeSpan.Zero);

    private Task<bool> AddAsync(Repo original, Repo repo, string relation, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(original.Id, inner);
            if (await db.Derivations.AnyAsync(d => d.BaseId == original.Id && d.RepoId == repo.Id, inner))
            {
                return await db.Derivations.AnyAsync(d => d.BaseId == original.Id && d.ToldAt == null, inner); // a server may have died before the digest was planned
            }

            var now = clock.GetUtcNow();
            db.Derivations.Add(new Derivation { BaseId = original.Id, RepoId = repo.Id, Relation = relation, FoundAt = now });
            var derivative = new DerivedModel(repo.Type.Singular(), repo.FullName, PublicId.ToHub(repo.Id), relation);
            await db.RecordAsync(original, new NewRepoEvent(RepoEvent.OfDerivative, ChangeKind.Create, new EventDetails { Derivative = derivative }, repo.CreatedBy), now, inner);
            await db.SaveChangesAsync(inner);
            return true;
        },
        cancel);
}

/// <summary>Once a day tells those who look after a namespace which models were made from its models, in one notification.</summary>
internal sealed class DerivationDigest(HubDb db, People people, Notifying notifying, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.derivations";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var ownerId = Guid.ParseExact(task.Key, "N");
        var today = FindDerivations.DayOf(clock.GetUtcNow());
        var found = await db.Derivations.AsNoTracking().Where(d => d.ToldAt == null && d.FoundAt < today)
            .Join(db.Repos.Where(r => r.OwnerId == ownerId), d => d.BaseId, r => r.Id, (d, r) => new { d.BaseId, d.RepoId, Base = r })
            .Join(db.Repos.Where(r => !r.IsPrivate), d => d.RepoId, r => r.Id, (d, r) => new Found(d.Base, r.Id, r.OwnerName + "/" + r.Name, r.CreatedBy)).ToListAsync(cancel);
        foreach (var userId in await people.AdministratorsAsync(ownerId, cancel))
        {
            var others = found.FindAll(f => f.MadeBy != userId);
            if (others.Count > 0)
            {
                await notifying.TellAsync([Digest(userId, today, others)], cancel);
            }
        }

        var now = clock.GetUtcNow();
        var (bases, derived) = (found.ConvertAll(f => f.Base.Id), found.ConvertAll(f => f.RepoId));
        await db.WriteAsync(
            inner => db.Derivations.Where(d => bases.Contains(d.BaseId) && derived.Contains(d.RepoId) && d.ToldAt == null).ExecuteUpdateAsync(d => d.SetProperty(x => x.ToldAt, now), inner), cancel);
        var isMore = await db.Derivations.AnyAsync(d => d.ToldAt == null && d.FoundAt >= today && db.Repos.Any(r => r.Id == d.BaseId && r.OwnerId == ownerId), cancel);
        return isMore ? today.AddDays(1) : null;
    }

    private static NewNotification Digest(Guid userId, DateTimeOffset day, List<Found> found)
    {
        var bases = found.Select(f => f.Base).DistinctBy(b => b.Id).ToList();
        var models = found.DistinctBy(f => f.RepoId).ToList();
        var what = models.Count == 1 ? $"{models[0].Name} was made" : $"{models.Count} new models were made";
        var from = bases.Count == 1 ? bases[0].FullName : $"{bases.Count} of your models";
        return new NewNotification(userId, string.Create(CultureInfo.InvariantCulture, $"derivations {day:yyyy-MM-dd} {bases[0].OwnerId:N}"), NotificationReason.Derivative, $"{what} from {from}", $"/{bases[0].FullName}", bases.Count == 1 ? bases[0].Id : null);
    }

    private sealed record Found(Repo Base, Guid RepoId, string Name, Guid MadeBy);
}
