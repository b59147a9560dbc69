using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// What a namespace stores and may store. Every large file counts once for each repository that holds it, whoever else has the
/// same bytes: what is used is the sum over the repositories' own <c>usedStorage</c>, and nobody learns from it what others have.
/// What git itself holds does not count.
/// </summary>
internal sealed class StorageQuota(HubDb db, Database database, Entitlements entitlements, HubOptions options)
{
    /// <param name="ownerId">The namespace.</param>
    public async Task<StorageUse> OfAsync(Guid ownerId, CancellationToken cancel) =>
        new(await db.LfsObjects.Where(o => db.Repos.Any(r => r.Id == o.RepoId && r.OwnerId == ownerId)).SumAsync(o => o.Size, cancel), await LimitAsync(ownerId, cancel));

    /// <summary>Bytes that the namespace may still add; <see langword="null"/>: any number.</summary>
    public async Task<StorageUse?> IfLimitedAsync(Guid ownerId, CancellationToken cancel) =>
        await LimitAsync(ownerId, cancel) is null ? null : await OfAsync(ownerId, cancel);

    /// <summary>
    /// As <see cref="IfLimitedAsync(Guid, CancellationToken)"/>, also by what the namespace's plan allows in private repositories, unless an
    /// operator gave it a limit of its own. Not in a transaction: plans are another module's.
    /// </summary>
    public async Task<StorageUse?> IfLimitedAsync(Guid ownerId, bool isPrivate, CancellationToken cancel)
    {
        var own = await IfLimitedAsync(ownerId, cancel);
        var ofPlan = isPrivate ? await OfPlanAsync(ownerId, cancel) : null;
        return own is null || ofPlan?.Left < own.Left ? ofPlan ?? own : own;
    }

    /// <summary>A repository that becomes private counts as one.</summary>
    /// <exception cref="Refusal"><c>storage_quota_exceeded</c>.</exception>
    public async Task RequirePrivateRoomAsync(Repo repo, CancellationToken cancel)
    {
        if (await OfPlanAsync(repo.OwnerId, cancel) is { } use)
        {
            use.Require(await db.LfsObjects.Where(o => o.RepoId == repo.Id).SumAsync(o => o.Size, cancel));
        }
    }

    /// <summary>Sizes that are not among those of the files held are of files that are surely new.</summary>
    /// <exception cref="Refusal"><c>storage_quota_exceeded</c>.</exception>
    public async Task RequireRoomAsync(Repo repo, IReadOnlyCollection<long> sizes, CancellationToken cancel)
    {
        if (sizes.Count == 0 || await IfLimitedAsync(repo.OwnerId, repo.IsPrivate, cancel) is not { } use)
        {
            return;
        }

        var held = await db.LfsObjects.Where(o => o.RepoId == repo.Id && sizes.Contains(o.Size)).Select(o => o.Size).Distinct().ToListAsync(cancel);
        use.Require(sizes.Where(size => !held.Contains(size)).Sum());
    }

    /// <summary>Who is over the limit, because it was lowered, may read and delete, and add nothing.</summary>
    /// <exception cref="Refusal"><c>storage_quota_exceeded</c>.</exception>
    public async Task RequireWritableAsync(Repo repo, CancellationToken cancel)
    {
        if (await IfLimitedAsync(repo.OwnerId, repo.IsPrivate, cancel) is { IsExceeded: true } use)
        {
            throw use.Refuse(0);
        }
    }

    private async Task<StorageUse?> OfPlanAsync(Guid ownerId, CancellationToken cancel)
    {
        if ((await entitlements.OfAsync(ownerId, cancel)).PrivateStorage is not { } limit || await db.StorageLimits.AnyAsync(l => l.Id == ownerId, cancel))
        {
            return null;
        }

        var used = await db.LfsObjects.Where(o => db.Repos.Any(r => r.Id == o.RepoId && r.OwnerId == ownerId && r.IsPrivate)).SumAsync(o => o.Size, cancel);
        return new StorageUse(used, limit);
    }

    /// <summary>By hand: every commit asks.</summary>
    private async Task<long?> LimitAsync(Guid ownerId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = connection.Command($"select bytes from hub_storage_limit where id = {ownerId}");
        return await command.ExecuteScalarAsync(cancel) switch
        {
            null => options.StorageLimit, // no row: the namespace has none of its own
            long own => own,
            _ => null,
        };
    }
}

/// <param name="Used">Bytes.</param>
/// <param name="Limit">Bytes; null: no limit.</param>
internal sealed record StorageUse(long Used, long? Limit)
{
    private static readonly RefusalCode Full = new("storage_quota_exceeded", 403);

    public bool IsExceeded => Used > Limit;

    public long? Left => Limit - Used;

    public bool HasRoomFor(long more) => more == 0 || Limit is not { } limit || (Used <= limit && more <= limit - Used);

    /// <exception cref="Refusal"><c>storage_quota_exceeded</c>.</exception>
    public void Require(long more)
    {
        if (!HasRoomFor(more))
        {
            throw Refuse(more);
        }
    }

    public Refusal Refuse(long more) => new(Full, Message(more));

    /// <param name="more">Bytes that there is no room for.</param>
    public string Message(long more)
    {
        var (used, limit) = (Readable.Bytes(Used), Readable.Bytes(Limit ?? 0));
        return Used >= Limit
            ? $"Storage is full: {used} of {limit}. Delete files or raise the plan's limit."
            : $"Storage has no room for {Readable.Bytes(more)} more: {used} of {limit} are used. Delete files or raise the plan's limit.";
    }
}
