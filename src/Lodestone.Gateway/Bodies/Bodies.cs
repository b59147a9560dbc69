using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>An account's choice about what is said in its calls, and what is kept by it. Nobody else sees any of it, the operator of the server included.</summary>
internal sealed class Bodies(GatewayDb db, BodyChoices choices, BodySeals seals, Caller caller, TimeProvider clock)
{
    public const int MostDays = 90;

    /// <summary>How long bodies are kept, 0 for not at all, and how many there are.</summary>
    public async Task<BodyState> StateAsync(CancellationToken cancel)
    {
        var (accountId, now) = (Account(TokenScope.Read).Id, clock.GetUtcNow());
        return new BodyState(
            await db.BodyChoices.AsNoTracking().Where(c => c.Id == accountId).Select(c => c.KeepDays).SingleOrDefaultAsync(cancel),
            await db.KeptBodies.CountAsync(b => b.AccountId == accountId && b.ExpiresAt > now, cancel));
    }

    /// <summary>Chooses. What is kept longer than the new choice allows goes sooner; with 0, all of it at once.</summary>
    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public async Task ChooseAsync(long days, CancellationToken cancel)
    {
        if (days is < 0 or > MostDays)
        {
            throw new Refusal(RefusalCode.Unprocessable, string.Create(CultureInfo.InvariantCulture, $"Keep bodies for 0 to {MostDays} days.")) { Param = "keepDays" };
        }

        var (accountId, now) = (Account(TokenScope.Write).Id, clock.GetUtcNow());
        var latest = now.AddDays(days);
        await db.WriteAsync(
            async inner =>
            {
                await db.BodyChoices.Where(c => c.Id == accountId).ExecuteDeleteAsync(inner);
                if (days > 0)
                {
                    db.BodyChoices.Add(new BodyChoice { Id = accountId, KeepDays = days, ChangedAt = now });
                    await db.SaveChangesAsync(inner);
                    return await db.KeptBodies.Where(b => b.AccountId == accountId && b.ExpiresAt > latest).ExecuteUpdateAsync(b => b.SetProperty(x => x.ExpiresAt, latest), inner);
                }

                return await db.KeptBodies.Where(b => b.AccountId == accountId).ExecuteDeleteAsync(inner);
            },
            cancel);
        choices.Forget();
    }

    public async Task DeleteAllAsync(CancellationToken cancel)
    {
        var accountId = Account(TokenScope.Write).Id;
        await db.WriteAsync(inner => db.KeptBodies.Where(b => b.AccountId == accountId).ExecuteDeleteAsync(inner), cancel);
    }

    /// <summary>What was said in a call of the caller's own; absent when it is not kept.</summary>
    public async Task<SaidInCall?> FindAsync(string requestId, CancellationToken cancel)
    {
        var (accountId, now) = (Account(TokenScope.Read).Id, clock.GetUtcNow());
        var kept = await db.KeptBodies.AsNoTracking().Where(b => b.RequestId == requestId && b.AccountId == accountId && b.ExpiresAt > now).OrderByDescending(b => b.Id).FirstOrDefaultAsync(cancel);
        return kept is null ? null : seals.Open(kept);
    }

    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteAsync(string requestId, CancellationToken cancel)
    {
        var accountId = Account(TokenScope.Write).Id;
        return await db.WriteAsync(inner => db.KeptBodies.Where(b => b.RequestId == requestId && b.AccountId == accountId).ExecuteDeleteAsync(inner), cancel) > 0;
    }

    // The whole scopes: no app, however much it may do in their name, and no key that only calls.
    private Caller Account(TokenScope scope) => caller.Allowing(scope);
}

/// <param name="KeepDays">0: nothing is kept.</param>
/// <param name="Kept">Calls whose bodies are there.</param>
internal sealed record BodyState(long KeepDays, long Kept);
