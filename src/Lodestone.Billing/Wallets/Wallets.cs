using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What accounts have to spend.</summary>
public sealed class Wallets
{
    private readonly BillingSteps _steps;
    private readonly BillingOptions _options;
    private readonly TimeProvider _clock;

    internal Wallets(BillingSteps steps, BillingOptions options, TimeProvider clock)
    {
        _steps = steps;
        _options = options;
        _clock = clock;
    }

    /// <summary>An account that never paid nor called has an empty balance and a whole allowance.</summary>
    public async Task<WalletView> ViewAsync(Guid accountId, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var perDay = _options.FreeAllowance;
        var wallet = await _steps.ReadAsync(db => db.Wallets.AsNoTracking().SingleOrDefaultAsync(w => w.Id == accountId, cancel));
        return wallet is null
            ? new WalletView(Money.Zero(perDay.Currency), Money.Zero(perDay.Currency), perDay, perDay, Days.Next(now))
            : new WalletView(wallet.Balance.In(wallet.Currency), wallet.Held.In(wallet.Currency), wallet.FreeLeft(perDay, Days.Of(now)), perDay, Days.Next(now));
    }
}

/// <summary>What an account has to spend.</summary>
/// <param name="Balance">Paid in and not yet charged.</param>
/// <param name="Held">What of it running calls may still take.</param>
/// <param name="FreeLeft">What is left of today's free allowance, running calls deducted.</param>
/// <param name="FreePerDay">A day's allowance.</param>
/// <param name="ResetsAt">When the allowance is whole again.</param>
public sealed record WalletView(Money Balance, Money Held, Money FreeLeft, Money FreePerDay, DateTimeOffset ResetsAt);

internal static class WalletRows
{
    /// <summary>The account's wallet, made when it is the first time, and locked until the transaction ends.</summary>
    public static async Task<Wallet> LockWalletAsync(this BillingDb db, Guid accountId, CancellationToken cancel)
    {
        // Reading is locking where there is one writer.
        if (!db.Database.IsNpgsql() && await HotRows.Wallet(db, accountId, cancel) is { } known)
        {
            return known;
        }

        // There before it is locked: a row that appears between lock and read would be read without its lock.
        await db.Database.ExecuteSqlAsync(Wallet.Opening(accountId), cancel);
        await db.LockAsync<Wallet>(accountId, cancel);
        return await db.Wallets.SingleAsync(w => w.Id == accountId, cancel);
    }
}
