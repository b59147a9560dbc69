using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Money paid in. The attempt is a committed row before a provider is asked, under a key that the provider knows it by,
/// so that a crash or a lost answer can be cleared up by asking, and never by paying twice.
/// </summary>
internal sealed partial class TopUps(BillingSteps steps, Charging charging, TimeProvider clock, ILogger<TopUps> log)
{
    private const string ReferenceLetters = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"; // none that look alike
    private const int ReferenceLength = 8;

    private static readonly Money Least = Money.FromStored(1, 0, BillingOptions.Currency);
    private static readonly Money Most = Money.FromStored(10_000, 0, BillingOptions.Currency);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ConfirmedWithin = TimeSpan.FromDays(1);
    private static readonly RefusalCode AmountOutOfRange = new("amount_out_of_range", 422);

    /// <summary>Those that new payments may be made with.</summary>
    public IReadOnlyList<string> ProviderNames => charging.Offered;

    /// <summary>Begins to pay; with a provider that answers at once, the balance is raised when this returns.</summary>
    /// <param name="caller">Somebody who may change the account.</param>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>amount_out_of_range</c>, <c>unknown_provider</c>, <c>no_payment_method</c>.</exception>
    public async Task<TopUp> CreateAsync(NewTopUp wanted, Caller caller, CancellationToken cancel)
    {
        if (!caller.CanWrite(wanted.AccountId))
        {
            throw new Refusal(RefusalCode.Forbidden, $"You may not top up {wanted.AccountName}. Ask one of its administrators, or use a credential that may write.");
        }

        return await BeginAsync(wanted, caller.Id, cancel);
    }

    /// <exception cref="Refusal"><c>amount_out_of_range</c>.</exception>
    public static void CheckAmount(Money amount)
    {
        if (amount < Least || amount > Most)
        {
            throw new Refusal(AmountOutOfRange, $"Top up between {Least} and {Most} {BillingOptions.Currency}.") { Param = "amount" };
        }
    }

    /// <summary>As <see cref="CreateAsync"/>, for somebody who is known to be allowed to.</summary>
    public async Task<TopUp> BeginAsync(NewTopUp wanted, Guid requestedBy, CancellationToken cancel)
    {
        CheckAmount(wanted.Amount);
        var (_, methodId) = await charging.ChooseAsync(wanted.Provider, wanted.AccountId, cancel);
        var now = clock.GetUtcNow();
        var topUp = new TopUp
        {
            Id = Guid.CreateVersion7(now),
            AccountId = wanted.AccountId,
            AccountName = wanted.AccountName,
            RequestedBy = requestedBy,
            Provider = wanted.Provider,
            Reference = "LS-" + RandomNumberGenerator.GetString(ReferenceLetters, ReferenceLength),
            Currency = wanted.Amount.Currency,
            Amount = wanted.Amount,
            MethodId = methodId,
            IsUnattended = wanted.IsUnattended,
            CreatedAt = now,
        };
        await steps.WriteAsync(
            (db, token) =>
            {
                db.TopUps.Add(topUp);
                return db.SaveChangesAsync(token);
            },
            cancel);
        return await ApplyAsync(topUp.Id, await charging.ChargeAsync(topUp.Provider, PaymentOf(topUp), methodId, cancel), confirmedBy: null, cancel);
    }

    /// <summary>An account's, newest first.</summary>
    /// <param name="before">Only those older than this one.</param>
    /// <param name="limit">How many at most.</param>
    public Task<List<TopUp>> OfAsync(Guid accountId, Guid? before, int limit, CancellationToken cancel) => steps.ReadAsync(db => db.TopUps.AsNoTracking()
        .Where(t => t.AccountId == accountId && (before == null || t.Id < before)).OrderByDescending(t => t.Id).Take(limit).ToListAsync(cancel));

    /// <summary>Every account's, newest first; those that wait for confirmation only, if so asked.</summary>
    public Task<List<TopUp>> AllAsync(Caller administrator, bool onlyWaiting, Guid? before, int limit, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(db => db.TopUps.AsNoTracking()
            .Where(t => (before == null || t.Id < before) && (!onlyWaiting || t.State == TopUpState.Awaiting))
            .OrderByDescending(t => t.Id).Take(limit).ToListAsync(cancel));
    }

    /// <summary>An administrator has seen the money arrive. Confirming twice is confirming once.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>, <c>conflict</c> when it is not a payment that waits for confirmation.</exception>
    public Task<TopUp> ConfirmAsync(Guid topUpId, Caller administrator, CancellationToken cancel)
    {
        if (!administrator.IsAdministrator)
        {
            throw new Refusal(RefusalCode.Forbidden, "Only an administrator of this server confirms payments.");
        }

        return ApplyAsync(topUpId, new PaymentResult(TopUpState.Succeeded), administrator.Id, cancel);
    }

    /// <summary>Clears up payments that were asked for and not answered: after a crash, or a provider's silence.</summary>
    /// <returns>How many stand differently now.</returns>
    public async Task<int> ResolveAsync(CancellationToken cancel)
    {
        var before = clock.GetUtcNow() - Patience;
        var open = await steps.ReadAsync(db => db.TopUps.AsNoTracking()
            .Where(t => (t.State == TopUpState.Submitted || t.State == TopUpState.Unknown || t.State == TopUpState.Processing || t.State == TopUpState.RequiresAction)
                && t.UpdatedAt < before && t.CreatedAt < before)
            .OrderBy(t => t.Id).ToListAsync(cancel));
        foreach (var topUp in open.Where(t => charging.Knows(t.Provider)))
        {
            var isForgotten = topUp.State is TopUpState.RequiresAction && clock.GetUtcNow() - topUp.CreatedAt > ConfirmedWithin;
            if (await charging.FindAsync(topUp.Provider, PaymentOf(topUp), topUp.MethodId, isForgotten, cancel) is { } result)
            {
                await ApplyAsync(topUp.Id, result, confirmedBy: null, cancel);
            }
        }

        return open.Count;
    }

    private static Payment PaymentOf(TopUp topUp) => new(topUp.Key, topUp.Reference, topUp.Money) { CreatedAt = topUp.CreatedAt, IsUnattended = topUp.IsUnattended };

    /// <summary>Takes down how a payment stands. What it has come to is booked once.</summary>
    public Task<TopUp> ApplyAsync(Guid topUpId, PaymentResult result, Guid? confirmedBy, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await db.LockAsync<TopUp>(topUpId, token);
            var topUp = await db.TopUps.SingleOrDefaultAsync(t => t.Id == topUpId, token)
                ?? throw new Refusal(RefusalCode.NotFound, "There is no such top-up.");
            if (confirmedBy is not null && topUp.State is not (TopUpState.Awaiting or TopUpState.Succeeded))
            {
                throw new Refusal(RefusalCode.Conflict, $"The top-up {topUp.Reference} is {topUp.State.ToWire()} and does not wait for confirmation.");
            }

            var now = clock.GetUtcNow();
            await charging.KeepFeeAsync(db, topUp.Provider, result, now, token);
            if (!topUp.Accepts(result))
            {
                await db.SaveChangesAsync(token);
                return topUp;
            }

            topUp.Apply(result, confirmedBy, now);
            if (topUp.State is TopUpState.Succeeded)
            {
                await CreditGrants.GiveAsync(db, NewGrant.Bought(topUp), now, token);
                await db.BookAsync(
                    new NewTransaction($"topup:{topUp.Id:N}", LedgerKind.TopUp, now, [(charging[topUp.Provider].ArrivesIn, topUp.Money), (LedgerAccounts.Prepaid(topUp.AccountId), -topUp.Money)]), now, token);
                PaidIn(log, topUp.AccountId, topUp.Money, topUp.Currency, topUp.Provider, topUp.Reference);
            }

            await db.SaveChangesAsync(token);
            return topUp;
        },
        cancel);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} paid in {Amount} {Currency} by {Provider}, reference {Reference}")]
    private static partial void PaidIn(ILogger log, Guid accountId, Money amount, Currency currency, string provider, string reference);
}

/// <param name="AccountId">The namespace whose balance it raises.</param>
/// <param name="AccountName">Its name.</param>
/// <param name="Amount">1 to 10,000 of the server's currency.</param>
/// <param name="Provider">Name of a payment provider.</param>
internal sealed record NewTopUp(Guid AccountId, string AccountName, Money Amount, string Provider)
{
    /// <summary>The server tops up by itself: nobody is there who could confirm it.</summary>
    public bool IsUnattended { get; init; }
}

/// <summary>Looks after payments that nobody answered for.</summary>
internal sealed class OpenPayments(TopUps topUps, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.payments";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await topUps.ResolveAsync(cancel);
        return clock.GetUtcNow() + Every;
    }
}
