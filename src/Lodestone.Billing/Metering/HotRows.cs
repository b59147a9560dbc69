using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// What stands between a request and its first token: queries translated once, and two statements by hand. Measured on
/// SQLite, translating a query anew costs more than running it, and tracking a change more than writing it.
/// </summary>
internal static class HotRows
{
    /// <summary>The version that counts for a product at an instant, and whether a call with the request id was recorded before.</summary>
    public static readonly Func<BillingDb, Guid, DateTimeOffset, string, CancellationToken, Task<PriceFound?>> PriceOf = EF.CompileAsyncQuery(
        (BillingDb db, Guid productId, DateTimeOffset time, string requestId, CancellationToken _) => db.PriceVersions.AsNoTracking()
            .Where(v => v.ProductId == productId && v.EffectiveFrom <= time)
            .OrderByDescending(v => v.EffectiveFrom).ThenByDescending(v => v.Version)
            .Select(v => new PriceFound(v, db.Events.Any(e => e.RequestId == requestId)))
            .FirstOrDefault());

    public static readonly Func<BillingDb, Guid, CancellationToken, Task<Wallet?>> Wallet = EF.CompileAsyncQuery(
        (BillingDb db, Guid accountId, CancellationToken _) => db.Wallets.SingleOrDefault(w => w.Id == accountId));

    public static readonly Func<BillingDb, Guid, CancellationToken, Task<CallHold?>> Hold = EF.CompileAsyncQuery(
        (BillingDb db, Guid holdId, CancellationToken _) => db.Holds.SingleOrDefault(h => h.Id == holdId));

    public static readonly Func<BillingDb, Guid, Guid, DateOnly, IAsyncEnumerable<RatingTotal>> Totals = EF.CompileAsyncQuery(
        (BillingDb db, Guid accountId, Guid versionId, DateOnly month) =>
            db.RatingTotals.Where(t => t.AccountId == accountId && t.PriceVersionId == versionId && t.Month == month));

    /// <summary>Journals a hold.</summary>
    /// <returns><see langword="false"/> when one with its request id is open.</returns>
    public static async Task<bool> TryInsertAsync(this BillingDb db, CallHold hold, Database database, CancellationToken cancel) => await db.Database.ExecuteSqlAsync(
        $"""
        insert into billing_call_hold (id, request_id, account_id, caller_id, token_id, product_id, product_name, seller_id, revision, price_version_id,
            prompt_tokens, max_output_tokens, amount_units, amount_remainder, free_part_units, free_part_remainder, day, started_at, expires_at, server_epoch)
        values ({hold.Id}, {hold.RequestId}, {hold.AccountId}, {hold.CallerId}, {hold.TokenId}, {hold.ProductId}, {hold.ProductName}, {hold.SellerId}, {hold.Revision}, {hold.PriceVersionId},
            {hold.PromptTokens}, {hold.MaxOutputTokens}, {hold.Amount.Units}, {hold.Amount.Remainder}, {hold.FreePart.Units}, {hold.FreePart.Remainder},
            {Days.Number(hold.Day)}, {database.Instant(hold.StartedAt)}, {database.Instant(hold.ExpiresAt)}, {hold.ServerEpoch})
        on conflict (request_id) do nothing
        """,
        cancel) == 1;

    /// <summary>Writes what <see cref="Billing.Wallet.Hold"/> changed.</summary>
    public static Task UpdateHeldAsync(this BillingDb db, Wallet wallet, CancellationToken cancel) => db.Database.ExecuteSqlAsync(
        $"""
        update billing_wallet set held_units = {wallet.Held.Units}, held_remainder = {wallet.Held.Remainder}, free_day = {Days.Number(wallet.FreeDay)},
            free_used_units = {wallet.FreeUsed.Units}, free_used_remainder = {wallet.FreeUsed.Remainder},
            free_held_units = {wallet.FreeHeld.Units}, free_held_remainder = {wallet.FreeHeld.Remainder}
        where id = {wallet.Id}
        """,
        cancel);
}

/// <param name="Price">The version.</param>
/// <param name="IsRecorded">A call with the request id was settled before.</param>
internal sealed record PriceFound(PriceVersion Price, bool IsRecorded);
