using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>What administrators book by hand, and how booked transactions are taken back.</summary>
internal sealed partial class Adjustments(BillingSteps steps, BillingOptions options, TimeProvider clock, ILogger<Adjustments> log)
{
    private const int LongestReason = 500;

    private static readonly RefusalCode Unbalanced = new("unbalanced", 422);
    private static readonly RefusalCode UnknownAccount = new("unknown_ledger_account", 422);

    /// <summary>Books at once what is small, and lets the rest wait for a second administrator.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>unbalanced</c>, <c>unknown_ledger_account</c>, <c>not_found</c>, <c>conflict</c>.</exception>
    public Task<Adjustment> RequestAsync(NewAdjustment wanted, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        if (string.IsNullOrWhiteSpace(wanted.Reason) || wanted.Reason.Length > LongestReason)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Give a reason of at most {LongestReason} characters: auditors will read it.") { Param = "reason" };
        }

        return steps.WriteAsync(
            async (db, token) =>
            {
                var now = clock.GetUtcNow();
                var lines = wanted.CorrectsId is { } corrected ? await OppositeAsync(db, corrected, token) : wanted.Lines;
                Check(lines);
                var id = Guid.CreateVersion7(now);
                var adjustment = new Adjustment
                {
                    Id = id,
                    Key = wanted.CorrectsId is { } of ? $"correction:{of:N}" : $"adjustment:{id:N}",
                    Reason = wanted.Reason.Trim(),
                    Lines = JsonSerializer.Serialize(lines, BillingJson.Default.IReadOnlyListAdjustmentLine),
                    Currency = BillingOptions.Currency,
                    EffectiveAt = wanted.EffectiveAt is { } at && at < now ? at : now,
                    CorrectsId = wanted.CorrectsId,
                    RequestedBy = administrator.Id,
                    RequesterName = administrator.Name,
                    RequestedAt = now,
                };
                db.Adjustments.Add(adjustment);
                if (adjustment.Size <= options.AdjustmentLimit)
                {
                    await BookAsync(db, adjustment, administrator, token);
                }

                return await db.TrySaveAsync(token) ? adjustment : throw new Refusal(RefusalCode.Conflict, "That transaction has been corrected already, or its correction waits for a second administrator.");
            },
            cancel);
    }

    /// <summary>A second administrator agrees, or does not.</summary>
    /// <exception cref="Refusal"><c>forbidden</c> for who asked for it, <c>not_found</c>, <c>conflict</c>.</exception>
    public Task<Adjustment> DecideAsync(Guid adjustmentId, bool isApproved, Caller administrator, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            administrator.Administrator();
            await db.LockAsync<Adjustment>(adjustmentId, token);
            var adjustment = await db.Adjustments.SingleOrDefaultAsync(a => a.Id == adjustmentId, token)
                ?? throw new Refusal(RefusalCode.NotFound, "There is no such adjustment.");
            if (adjustment.State is not AdjustmentState.Waiting)
            {
                throw new Refusal(RefusalCode.Conflict, $"The adjustment was {adjustment.State.ToWire()} by {adjustment.DeciderName}.");
            }

            if (isApproved && adjustment.RequestedBy == administrator.Id)
            {
                throw new Refusal(RefusalCode.Forbidden, $"Adjustments above {options.AdjustmentLimit} {BillingOptions.Currency} need two people. Ask another administrator to agree.");
            }

            if (isApproved)
            {
                await BookAsync(db, adjustment, administrator, token);
            }
            else
            {
                adjustment.Decide(AdjustmentState.Declined, administrator, clock.GetUtcNow());
            }

            await db.SaveChangesAsync(token);
            return adjustment;
        },
        cancel);

    /// <summary>Newest first.</summary>
    public Task<List<Adjustment>> AllAsync(Caller administrator, int limit, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(db => db.Adjustments.AsNoTracking().OrderByDescending(a => a.Id).Take(limit).ToListAsync(cancel));
    }

    private async Task BookAsync(BillingDb db, Adjustment adjustment, Caller administrator, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await db.BookAsync(adjustment.ToTransaction(), now, cancel);
        adjustment.Decide(AdjustmentState.Booked, administrator, now);
        Booked(log, administrator.Id, adjustment.Id, adjustment.Size, adjustment.Currency, adjustment.Reason);
    }

    private static async Task<IReadOnlyList<AdjustmentLine>> OppositeAsync(BillingDb db, Guid transactionId, CancellationToken cancel)
    {
        var postings = await db.Postings.AsNoTracking().Where(p => p.TransactionId == transactionId).OrderBy(p => p.Line).ToListAsync(cancel);
        return postings.Count > 0
            ? postings.ConvertAll(p => new AdjustmentLine(p.Account, (-p.Amount.In(p.Currency)).ToString()))
            : throw new Refusal(RefusalCode.NotFound, "There is no such transaction.") { Param = "corrects" };
    }

    private static void Check(IReadOnlyList<AdjustmentLine> lines)
    {
        var sum = lines.Aggregate(Money.Zero(BillingOptions.Currency), (total, line) => total + Amounts.Read(line.Amount, "lines"));
        if (lines.Count < 2 || !sum.IsZero)
        {
            throw new Refusal(Unbalanced, $"Give two lines or more that add up to zero; these come to {sum}.") { Param = "lines" };
        }

        if (lines.FirstOrDefault(l => !LedgerAccounts.IsName(l.Account)) is { } unknown)
        {
            throw new Refusal(UnknownAccount, $"'{unknown.Account}' is no ledger account. Names are such as A:Bank, R:Usage:inference or X:BadDebt.") { Param = "lines" };
        }

        if (lines.Any(l => l.Account.StartsWith(LedgerAccounts.PrepaidPrefix, StringComparison.Ordinal)))
        {
            throw new Refusal(UnknownAccount, "Prepaid credit is not adjusted in the ledger, because its balance would not follow. Give or void credit instead.") { Param = "lines" };
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Administrator {AdministratorId} booked adjustment {AdjustmentId} of {Amount} {Currency}: {Reason}")]
    private static partial void Booked(ILogger log, Guid administratorId, Guid adjustmentId, Money amount, Currency currency, string reason);
}

/// <param name="Lines">Accounts and amounts that add up to zero; none for a correction.</param>
/// <param name="CorrectsId">A transaction to take back whole.</param>
/// <param name="EffectiveAt">When it happened; now unless given.</param>
internal sealed record NewAdjustment(string? Reason, IReadOnlyList<AdjustmentLine> Lines, Guid? CorrectsId = null, DateTimeOffset? EffectiveAt = null);
