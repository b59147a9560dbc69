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

    /// <summary>One of <see cref="Relations.OfModels"/>.</summary>
    public required string Relation { get; init; }

    public required DateTimeOffset FoundAt { get; init; }

    /// <summary>When a digest told of it; null: none yet.</summary>
    public DateTimeOffset? ToldAt { get; init; }
}

/// <summary>Makes of each an event of the base, for webhooks that ask for it, and has the day's digest tell those who look after the base.</summary>
internal sealed class TellOfDerivative(HubDb db, Tasks tasks, TimeProvider clock) : IEventHandler<DerivativeDeclared>
{
    public async Task HandleAsync(Guid eventId, DerivativeDeclared happened, CancellationToken cancel)
    {
        var repos = await db.Repos.AsNoTracking().Where(r => r.Id == happened.BaseId || r.Id == happened.RepoId).ToDictionaryAsync(r => r.Id, cancel);
        if (!repos.TryGetValue(happened.BaseId, out var original) || !repos.TryGetValue(happened.RepoId, out var repo) || repo.IsPrivate)
        {
            return; // gone or hidden meanwhile
        }

        var derivative = new DerivedModel(repo.Type.Singular(), repo.FullName, PublicId.ToHub(repo.Id), happened.Relation);
        var told = new NewRepoEvent(RepoEvent.OfDerivative, ChangeKind.Create, new EventDetails { Derivative = derivative }, repo.CreatedBy);
        await db.RecordOnceAsync(eventId, original, told, clock.GetUtcNow(), cancel);
        await tasks.ScheduleAsync(DerivationDigest.Kind, original.OwnerId.ToString("N"), DerivationDigest.DayOf(clock.GetUtcNow()).AddDays(1), new { }, cancel); // those of one day together, after it has ended
    }
}

/// <summary>Once a day tells those who look after a namespace which models were made from its models, in one notification.</summary>
internal sealed class DerivationDigest(HubDb db, People people, Notifying notifying, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.derivations";

    /// <summary>Its beginning, in UTC.</summary>
    public static DateTimeOffset DayOf(DateTimeOffset at) => new(at.UtcDateTime.Date, TimeSpan.Zero);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var ownerId = Guid.ParseExact(task.Key, "N");
        var today = DayOf(clock.GetUtcNow());
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
