using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Calls and their money: reserve before dispatch, journal what is delivered, settle once. Each is one transaction.
/// Those of one account take turns by its wallet's row lock, so no two calls spend the same money.
/// Locks are taken in one order, hold before wallet.
/// </summary>
public sealed partial class Metering
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);
    private static readonly Meter Meter = Telemetry.Meter("Billing");
    private static readonly Counter<long> Reserved = Meter.CreateCounter<long>("lodestone.billing.reserved", description: "Calls that got a hold");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("lodestone.billing.refused", description: "Calls refused before dispatch");
    private static readonly Counter<long> Settled = Meter.CreateCounter<long>("lodestone.billing.settled", description: "Calls settled");

    // By version. They never change, so they are read once.
    private readonly ConcurrentDictionary<Guid, PriceVersion> _prices = new();

    private readonly BillingSteps _steps;
    private readonly CreditGrants _grants;
    private readonly ServerEpoch _epoch;
    private readonly BillingOptions _options;
    private readonly Database _database;
    private readonly TimeProvider _clock;
    private readonly ILogger<Metering> _log;

    internal Metering(BillingSteps steps, CreditGrants grants, ServerEpoch epoch, BillingOptions options, Database database, TimeProvider clock, ILogger<Metering> log)
    {
        _steps = steps;
        _grants = grants;
        _epoch = epoch;
        _options = options;
        _database = database;
        _clock = clock;
        _log = log;
    }

    /// <summary>Before dispatch: finds the price and sets aside the most that the call may cost, allowance first.</summary>
    /// <exception cref="Refusal"><c>unpriced</c> (503), <c>free_quota_exhausted</c> or <c>spend_limit</c> (402), <c>duplicate_request_id</c> (409).</exception>
    public async Task<Hold> ReserveAsync(NewHold call, CancellationToken cancel)
    {
        if (call.PromptTokens < 0 || call.MaxOutputTokens < 0)
        {
            throw new ArgumentException("Tokens cannot be negative.", nameof(call));
        }

        try
        {
            // A hold need not wait for the disk: whoever was promised something by it is cut off by the same power cut.
            Hold? hold;
            while ((hold = await WriteAsync(Durability.Process, journal => ReserveAsync(journal, call, cancel), cancel)) is null)
            {
                await _grants.TurnAsync(call.AccountId, cancel);
            }

            Reserved.Add(1);
            return hold;
        }
        catch (Refusal refusal)
        {
            Refused.Add(1, new KeyValuePair<string, object?>("code", refusal.Code.Code));
            throw;
        }
    }

    /// <summary>Journals what the caller has been sent so far: what a call is settled by if this server dies.</summary>
    public Task DeliveredAsync(Guid holdId, CallUsage soFar, CancellationToken cancel) =>
        WriteAsync(Durability.Process, journal => journal.UpdateDeliveredAsync(holdId, soFar, cancel), cancel);

    /// <summary>Records the call and charges for it, in place of its hold. Settling again changes nothing and returns what was settled.</summary>
    /// <param name="holdId">From <see cref="ReserveAsync(NewHold, CancellationToken)"/>.</param>
    /// <param name="usage">What was measured. More than was held is charged as what was held; a call that failed before its first token costs nothing.</param>
    public async Task<Settlement> SettleAsync(Guid holdId, CallUsage usage, CallOutcome outcome, Measurement measurement, CancellationToken cancel)
    {
        if (usage.InputTokens < 0 || usage.OutputTokens < 0)
        {
            throw new ArgumentException("Tokens cannot be negative.", nameof(usage));
        }

        var settlement = await WriteAsync(
            Durability.Disk,
            async journal => await journal.LockHoldAsync(holdId, cancel) is { } hold ? await SettleAsync(journal, hold, usage, outcome, measurement, cancel) : null,
            cancel);
        settlement ??= await _steps.ReadAsync(db => EarlierAsync(db, holdId, cancel));
        Settled.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));
        return settlement;
    }

    /// <summary>Nothing reached the caller: the hold goes away and nothing is recorded. Of no effect on a settled call.</summary>
    public Task ReleaseAsync(Guid holdId, CancellationToken cancel) => WriteAsync(
        Durability.Disk,
        async journal =>
        {
            if (await journal.LockHoldAsync(holdId, cancel) is { } hold)
            {
                var wallet = await journal.LockWalletAsync(hold.AccountId, cancel);
                var nothing = Money.Zero(wallet.Currency);
                await ReleaseScopedAsync(journal, hold, cancel);
                wallet.Settle(hold, nothing, nothing);
                await SettleLimitsAsync(journal, hold, wallet, nothing, cancel);
                await journal.UpdateAsync(wallet, cancel);
                await journal.DeleteAsync(hold, cancel);
            }

            return true;
        },
        cancel);

    private Task<T> WriteAsync<T>(Durability durability, Func<CallJournal, Task<T>> step, CancellationToken cancel) =>
        _database.WriteAsync(DatabaseFile.Billing, durability, sql => step(new CallJournal(sql, _database)), cancel);

    /// <returns><see langword="null"/> where the balance is of yesterday: a grant has begun or expired since.</returns>
    private async Task<Hold?> ReserveAsync(CallJournal journal, NewHold call, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var today = Days.Of(now);
        var (found, hasTerms) = await journal.FindPriceAsync(call.AccountId, call.ProductId, now, cancel);
        var price = found is null ? throw SpendRefusals.Unpriced(call.ProductName) : _prices.GetOrAdd(found.Id, found);
        var wallet = await journal.LockWalletAsync(call.AccountId, cancel);
        if (wallet.TurnsAt <= now)
        {
            return null;
        }

        var (freeInput, freeOutput) = hasTerms ? await PromiseAsync(journal, call, now, today, cancel) : (0, 0);
        var amount = price.AtMost(call.PromptTokens - freeInput, call.MaxOutputTokens - freeOutput) ?? throw SpendRefusals.Unpriced(call.ProductName);
        if (wallet.Withholds(amount, _options.FreeAllowance, today))
        {
            throw SpendRefusals.Suspended();
        }

        var scoped = await ScopedAsync(journal, wallet, call, amount - Money.Min(wallet.FreeLeft(_options.FreeAllowance, today), amount), cancel);
        var scopedPart = scoped.Aggregate(Money.Zero(wallet.Currency), (sum, part) => sum + part.Amount);
        if (wallet.Hold(amount, scopedPart, _options.FreeAllowance, today) is not { } freePart)
        {
            throw SpendRefusals.NotEnough(wallet, amount, _options.FreeAllowance, now);
        }

        var hold = new CallHold
        {
            Id = Guid.CreateVersion7(now),
            RequestId = call.RequestId,
            AccountId = call.AccountId,
            CallerId = call.CallerId,
            TokenId = call.TokenId,
            ProductId = call.ProductId,
            ProductName = call.ProductName,
            SellerId = call.SellerId,
            Revision = call.Revision,
            PriceVersionId = price.Id,
            PromptTokens = call.PromptTokens,
            MaxOutputTokens = call.MaxOutputTokens,
            Amount = amount,
            FreePart = freePart,
            ScopedPart = scopedPart,
            Day = today,
            StartedAt = now,
            ExpiresAt = now + call.ModelTimeout + Grace,
            ServerEpoch = _epoch.Id,
            HasTerms = hasTerms,
            FreeInput = freeInput,
            FreeOutput = freeOutput,
        };
        if (!await journal.TryInsertAsync(hold, cancel))
        {
            throw SpendRefusals.Duplicate(call.RequestId);
        }

        await HoldBesideAsync(journal, hold, wallet, scoped, cancel);
        await journal.UpdateAsync(wallet, cancel);
        return new Hold(hold.Id, amount, freePart, hold.ExpiresAt);
    }

    /// <summary>What a call holds besides the wallet: parts of grants, and room under limits.</summary>
    private static async Task HoldBesideAsync(CallJournal journal, CallHold hold, Wallet wallet, List<(CreditGrant Grant, Money Amount)> scoped, CancellationToken cancel)
    {
        foreach (var (grant, part) in scoped)
        {
            grant.Hold(part);
            await journal.UpdateAsync(grant, cancel);
            await journal.InsertAsync(new GrantHold { HoldId = hold.Id, GrantId = grant.Id, Amount = part }, cancel);
        }

        if (wallet.IsLimited)
        {
            await journal.Limits.HoldAsync(LimitedCall.Of(hold, wallet.Currency), hold.Amount.In(wallet.Currency) - hold.FreePart.In(wallet.Currency), cancel);
        }
    }

    /// <summary>What grants for the call's model can bear of an amount.</summary>
    private async Task<List<(CreditGrant Grant, Money Amount)>> ScopedAsync(CallJournal journal, Wallet wallet, NewHold call, Money needed, CancellationToken cancel)
    {
        var parts = new List<(CreditGrant Grant, Money Amount)>();
        if (wallet.ScopedGrants == 0 || needed.IsZero)
        {
            return parts;
        }

        var now = _clock.GetUtcNow();
        foreach (var grant in (await journal.GrantsAsync(call.AccountId, now, cancel)).Where(g => g.IsScoped && g.Covers(call.ProductId)))
        {
            var part = Money.Min(needed, grant.DrawableAt(now));
            if (!part.IsZero)
            {
                parts.Add((grant, part));
                needed -= part;
            }
        }

        return parts;
    }

    private async Task<Settlement?> SettleAsync(CallJournal journal, CallHold hold, CallUsage measured, CallOutcome outcome, Measurement measurement, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var usage = hold.Chargeable(measured, outcome);
        if (measured.InputTokens > hold.PromptTokens || measured.OutputTokens > hold.MaxOutputTokens)
        {
            Clamped(_log, hold.RequestId, measured.InputTokens, measured.OutputTokens, hold.PromptTokens, hold.MaxOutputTokens);
        }

        var wallet = await journal.LockWalletAsync(hold.AccountId, cancel);
        List<RatingTotal> totals = [.. await journal.TotalsAsync(hold.AccountId, hold.PriceVersionId, Days.Month(hold.Day), cancel)];
        var free = new FreePart(hold.FreePart.In(wallet.Currency).Picos);
        var terms = hold.HasTerms
            ? (await journal.Terms.TermsAsync(hold.Rated(usage), hold.Day, cancel)).For(hold.Promises, (hold.Amount.In(wallet.Currency) - hold.FreePart.In(wallet.Currency)).Picos)
            : AccountTerms.None;
        var rows = Rating.Rate(totals, hold.Rated(usage), hold.Day, await PriceAsync(journal, hold.PriceVersionId, cancel), free, terms);
        var list = rows.Aggregate(Money.Zero(wallet.Currency), (sum, row) => sum + row.List.In(row.Currency));
        var charged = rows.Aggregate(Money.Zero(wallet.Currency), (sum, row) => sum + row.Amount.In(row.Currency));
        var drawn = await DrawAsync(journal, wallet, hold, rows, charged, cancel);
        wallet.Settle(hold, new Money(free.Used, wallet.Currency), drawn.FromBalance);
        await journal.InsertAsync(MeterEvent.Of(hold, usage, outcome, measurement, now), cancel);
        foreach (var row in rows)
        {
            await journal.InsertAsync(row, await journal.AddAsync(RollUp.Of(row, hold.StartedAt, hold.ProductName, drawn.Parts), cancel), cancel);
        }

        foreach (var use in terms.Uses)
        {
            await journal.Terms.UpdateAsync(use, cancel);
        }

        foreach (var total in totals.Where(t => rows.Any(r => r.Class == t.Class)))
        {
            await journal.UpdateAsync(total, cancel);
        }

        if (!charged.IsZero)
        {
            foreach (var (transaction, postings) in drawn.Book(hold.AccountId, hold.Id, hold.StartedAt, now))
            {
                await journal.InsertAsync(transaction, postings, cancel);
            }
        }

        await SettleLimitsAsync(journal, hold, wallet, charged, cancel);
        await journal.UpdateAsync(wallet, cancel);
        await journal.DeleteAsync(hold, cancel);
        return new Settlement(hold.Id, charged, list, usage);
    }

    /// <summary>Has credit pay for a call: what was promised to it, or what it comes to of that.</summary>
    private static async Task<Drawn> DrawAsync(CallJournal journal, Wallet wallet, CallHold hold, IReadOnlyList<RatedRow> rows, Money charged, CancellationToken cancel)
    {
        await ReleaseScopedAsync(journal, hold, cancel);
        var own = hold.Amount.In(wallet.Currency) - hold.FreePart.In(wallet.Currency) - hold.ScopedPart.In(wallet.Currency);
        var grants = charged.IsZero ? [] : await journal.GrantsAsync(hold.AccountId, hold.StartedAt, cancel);
        var drawn = Drawing.Draw(grants, rows, hold.StartedAt, wallet.Available + own);
        foreach (var grant in drawn.Parts.Select(p => p.Grant).Distinct())
        {
            await journal.UpdateAsync(grant, cancel);
        }

        foreach (var part in drawn.Parts)
        {
            await journal.InsertAsync(part.Row, cancel);
        }

        return drawn;
    }

    private static async Task ReleaseScopedAsync(CallJournal journal, CallHold hold, CancellationToken cancel)
    {
        if (!hold.ScopedPart.IsZero)
        {
            await journal.TakeGrantHoldsAsync(hold.Id, cancel);
        }
    }

    // What the account's allowances will cover of the call, whatever others use meanwhile.
    private static async Task<(long Input, long Output)> PromiseAsync(CallJournal journal, NewHold call, DateTimeOffset now, DateOnly today, CancellationToken cancel)
    {
        var usage = new RatableUsage(Guid.Empty, call.AccountId, call.ProductId, call.SellerId, now, []) { UserId = call.CallerId };
        var terms = await journal.Terms.TermsAsync(usage, today, cancel);
        var promised = await journal.Terms.PromisedAsync(call.AccountId, cancel);
        var input = terms.Promise(usage, UsageClass.Input, today, call.PromptTokens, promised) ?? throw SpendRefusals.Exhausted(call.ProductName, now);
        var output = terms.Promise(usage, UsageClass.Output, today, call.MaxOutputTokens, promised + input) ?? throw SpendRefusals.Exhausted(call.ProductName, now);
        return (input, output);
    }

    private static Task SettleLimitsAsync(CallJournal journal, CallHold hold, Wallet wallet, Money charged, CancellationToken cancel) => wallet.IsLimited
        ? journal.Limits.SettleAsync(LimitedCall.Of(hold, wallet.Currency), hold.Amount.In(wallet.Currency) - hold.FreePart.In(wallet.Currency), charged, cancel)
        : Task.CompletedTask;

    private async Task<PriceVersion> PriceAsync(CallJournal journal, Guid versionId, CancellationToken cancel) =>
        _prices.TryGetValue(versionId, out var known) ? known : _prices.GetOrAdd(versionId, await journal.PriceAsync(versionId, cancel));

    private static async Task<Settlement> EarlierAsync(BillingDb db, Guid holdId, CancellationToken cancel)
    {
        var call = await db.Events.AsNoTracking().SingleOrDefaultAsync(e => e.Id == holdId, cancel)
            ?? throw new InvalidOperationException($"Call {holdId} has neither a hold nor an event: it was released, or never reserved.");
        var rows = await db.RatedRows.AsNoTracking().Where(r => r.EventId == holdId).ToListAsync(cancel);
        var zero = Money.Zero(BillingOptions.Currency);
        return new Settlement(
            call.Id,
            rows.Aggregate(zero, (sum, row) => sum + row.Amount.In(row.Currency)),
            rows.Aggregate(zero, (sum, row) => sum + row.List.In(row.Currency)),
            new CallUsage(call.InputTokens, call.OutputTokens));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Call {RequestId} measured {Input} and {Output} tokens, but {HeldInput} and {HeldOutput} were held; charged what was held")]
    private static partial void Clamped(ILogger log, string requestId, long input, long output, long heldInput, long heldOutput);
}
