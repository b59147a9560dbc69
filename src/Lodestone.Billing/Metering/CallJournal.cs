using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// What stands between a request and its first token, in SQL by hand: mapping objects would cost several times what the
/// database does. A hold needs no wait for the disk: whoever was promised something by it is cut off by the same power cut.
/// What is charged is an ordinary commit, and takes the holds before it along.
/// </summary>
internal sealed class CallJournal(DbConnection connection, Database database)
{
    /// <summary>The version that counts for a product at an instant; absent where it has no price.</summary>
    public async Task<PriceVersion?> FindPriceAsync(Guid productId, DateTimeOffset time, CancellationToken cancel)
    {
        await using var query = connection.Command($"""
            select id, version, currency, input_units, input_remainder, output_units, output_remainder, per_quantity,
                effective_from, published_at, published_by, publisher_name, reason
            from billing_price_version where product_id = {productId} and effective_from <= {database.Instant(time)}
            order by effective_from desc, version desc limit 1
            """);
        await using var row = await query.ExecuteReaderAsync(cancel);
        return !await row.ReadAsync(cancel) ? null : new PriceVersion
        {
            Id = row.GetGuid(0),
            ProductId = productId,
            Version = row.GetInt64(1),
            Currency = new Currency(row.GetString(2)),
            Input = new StoredMoney(row.GetInt64(3), row.GetInt64(4)),
            Output = new StoredMoney(row.GetInt64(5), row.GetInt64(6)),
            PerQuantity = row.GetInt64(7),
            EffectiveFrom = database.ReadInstant(row, 8),
            PublishedAt = database.ReadInstant(row, 9),
            PublishedBy = row.GetGuid(10),
            PublisherName = row.GetString(11),
            Reason = row.GetString(12),
        };
    }

    /// <summary>The account's wallet, made when it is the first time, and locked until the transaction ends.</summary>
    public async Task<Wallet> LockWalletAsync(Guid accountId, CancellationToken cancel)
    {
        if (await FindWalletAsync(accountId, cancel) is { } known)
        {
            return known;
        }

        await connection.ExecuteAsync(Wallet.Opening(accountId), cancel);
        return await FindWalletAsync(accountId, cancel) ?? throw new InvalidOperationException("A wallet was made but is not there.");
    }

    /// <returns><see langword="false"/> when a call with the request id is under way, or was recorded before.</returns>
    public async Task<bool> TryInsertAsync(CallHold hold, CancellationToken cancel) => await connection.ExecuteAsync(
        $"""
        insert into billing_call_hold (id, request_id, account_id, caller_id, token_id, product_id, product_name, seller_id, revision, price_version_id,
            prompt_tokens, max_output_tokens, amount_units, amount_remainder, free_part_units, free_part_remainder, day, started_at, expires_at, server_epoch)
        select {hold.Id}, {hold.RequestId}, {hold.AccountId}, {hold.CallerId}, {hold.TokenId}, {hold.ProductId}, {hold.ProductName}, {hold.SellerId}, {hold.Revision}, {hold.PriceVersionId},
            {hold.PromptTokens}, {hold.MaxOutputTokens}, {hold.Amount.Units}, {hold.Amount.Remainder}, {hold.FreePart.Units}, {hold.FreePart.Remainder},
            {Days.Number(hold.Day)}, {database.Instant(hold.StartedAt)}, {database.Instant(hold.ExpiresAt)}, {hold.ServerEpoch}
        where not exists (select 1 from billing_meter_event where request_id = {hold.RequestId})
        on conflict (request_id) do nothing
        """,
        cancel) == 1;

    /// <summary>Writes what <see cref="Wallet.Hold"/> changed.</summary>
    public Task UpdateHeldAsync(Wallet wallet, CancellationToken cancel) => connection.ExecuteAsync(
        $"""
        update billing_wallet set held_units = {wallet.Held.Units}, held_remainder = {wallet.Held.Remainder}, free_day = {Days.Number(wallet.FreeDay)},
            free_used_units = {wallet.FreeUsed.Units}, free_used_remainder = {wallet.FreeUsed.Remainder},
            free_held_units = {wallet.FreeHeld.Units}, free_held_remainder = {wallet.FreeHeld.Remainder}
        where id = {wallet.Id}
        """,
        cancel);

    /// <summary>Writes how much of a call's answer has reached its caller.</summary>
    public Task<int> UpdateDeliveredAsync(Guid holdId, CallUsage soFar, CancellationToken cancel) => connection.ExecuteAsync(
        $"update billing_call_hold set delivered_input = {soFar.InputTokens}, delivered_output = {soFar.OutputTokens} where id = {holdId}", cancel);

    private async Task<Wallet?> FindWalletAsync(Guid accountId, CancellationToken cancel)
    {
        FormattableString sql = $"""
            select currency, balance_units, balance_remainder, held_units, held_remainder, free_day,
                free_used_units, free_used_remainder, free_held_units, free_held_remainder
            from billing_wallet where id = {accountId}
            """;
        await using var query = connection.Command(sql);
        query.CommandText += database.IsPostgres ? " for update" : "";
        await using var row = await query.ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel) ? Wallet.Read(accountId, row) : null;
    }
}
