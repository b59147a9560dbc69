using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// What stands between a request and its first token, and between its last token and the answer's end, in SQL by hand: mapping
/// objects would cost several times what the database does.
/// </summary>
internal sealed class CallJournal(Statements sql, Database database)
{
    public TermJournal Terms { get; } = new(sql, database);

    public LimitGate Limits { get; } = new(sql, database);

    /// <summary>The version that an account pays for a product at an instant; absent where there is no price. See <see cref="PriceLookup"/>.</summary>
    /// <returns>And whether something was agreed with the account that changes what it pays.</returns>
    public async Task<(PriceVersion? Price, bool HasTerms)> FindPriceAsync(Guid accountId, Guid productId, DateTimeOffset time, CancellationToken cancel)
    {
        var (hasBooks, hasTerms) = (false, false);
        var listed = await sql.FindAsync(
            $"""
            select id, product_id, version, currency, input_units, input_remainder, output_units, output_remainder, per_quantity,
                effective_from, published_at, published_by, publisher_name, reason, key_text, book,
                exists (select 1 from billing_book_assignment where account_id = {accountId}), exists (select 1 from billing_term where account_id = {accountId})
            from billing_price_version where product_id = {productId} and book = 'list' and effective_from <= {database.Instant(time)}
            order by effective_from desc, version desc limit 1
            """,
            row =>
            {
                (hasBooks, hasTerms) = (row.GetBoolean(16), row.GetBoolean(17));
                return ReadPrice(row);
            },
            cancel);
        return listed is not null && !hasBooks
            ? (listed, hasTerms)
            : (await FindInBooksAsync(accountId, productId, time, cancel) ?? listed, true);
    }

    private Task<PriceVersion?> FindInBooksAsync(Guid accountId, Guid productId, DateTimeOffset time, CancellationToken cancel) => sql.FindAsync(
        $"""
        select v.id, v.product_id, v.version, v.currency, v.input_units, v.input_remainder, v.output_units, v.output_remainder, v.per_quantity,
            v.effective_from, v.published_at, v.published_by, v.publisher_name, v.reason, v.key_text, v.book
        from billing_book_assignment a join billing_price_version v on v.book = a.book and v.product_id = {productId} and v.effective_from <= {database.Instant(time)}
        where a.account_id = {accountId} and a.effective_from <= {database.Instant(time)} and (a.ends_at is null or a.ends_at > {database.Instant(time)})
        order by case a.kind when 'Contract' then 0 else 1 end, a.effective_from desc, v.effective_from desc, v.version desc limit 1
        """,
        ReadPrice,
        cancel);

    public async Task<PriceVersion> PriceAsync(Guid versionId, CancellationToken cancel) =>
        await sql.FindAsync(
            $"""
            select id, product_id, version, currency, input_units, input_remainder, output_units, output_remainder, per_quantity,
                effective_from, published_at, published_by, publisher_name, reason, key_text, book
            from billing_price_version where id = {versionId}
            """,
            ReadPrice,
            cancel) ?? throw new InvalidOperationException($"A call was reserved at price version {versionId}, which is not there.");

    /// <summary>The account's wallet, made when it is the first time, and locked until the transaction ends.</summary>
    public async Task<Wallet> LockWalletAsync(Guid accountId, CancellationToken cancel)
    {
        if (await FindWalletAsync(accountId, cancel) is { } known)
        {
            return known;
        }

        await sql.ExecuteAsync(Wallet.Opening(accountId), cancel);
        return await FindWalletAsync(accountId, cancel) ?? throw new InvalidOperationException("A wallet was made but is not there.");
    }

    /// <returns><see langword="false"/> when a call with the request id is under way, or was recorded before.</returns>
    public async Task<bool> TryInsertAsync(CallHold hold, CancellationToken cancel) => await sql.ExecuteAsync(
        $"""
        insert into billing_call_hold (id, request_id, account_id, caller_id, token_id, product_id, product_name, seller_id, revision, price_version_id,
            prompt_tokens, max_output_tokens, amount_units, amount_remainder, free_part_units, free_part_remainder, scoped_part_units, scoped_part_remainder, day, started_at, expires_at, server_epoch,
            has_terms, free_input, free_output)
        select {hold.Id}, {hold.RequestId}, {hold.AccountId}, {hold.CallerId}, {hold.TokenId}, {hold.ProductId}, {hold.ProductName}, {hold.SellerId}, {hold.Revision}, {hold.PriceVersionId},
            {hold.PromptTokens}, {hold.MaxOutputTokens}, {hold.Amount.Units}, {hold.Amount.Remainder}, {hold.FreePart.Units}, {hold.FreePart.Remainder},
            {hold.ScopedPart.Units}, {hold.ScopedPart.Remainder}, {Days.Number(hold.Day)}, {database.Instant(hold.StartedAt)}, {database.Instant(hold.ExpiresAt)}, {hold.ServerEpoch},
            {hold.HasTerms}, {hold.FreeInput}, {hold.FreeOutput}
        where not exists (select 1 from billing_meter_event where request_id = {hold.RequestId})
        on conflict (request_id) do nothing
        """,
        cancel) == 1;

    /// <summary>Writes how much of a call's answer has reached its caller.</summary>
    public Task<int> UpdateDeliveredAsync(Guid holdId, CallUsage soFar, CancellationToken cancel) => sql.ExecuteAsync(
        $"update billing_call_hold set delivered_input = {soFar.InputTokens}, delivered_output = {soFar.OutputTokens} where id = {holdId}", cancel);

    /// <summary>A hold, locked until the transaction ends: of two servers that settle one call, the second finds none after it has waited.</summary>
    public Task<CallHold?> LockHoldAsync(Guid holdId, CancellationToken cancel) => sql.LockAsync(
        $"""
        select request_id, account_id, caller_id, token_id, product_id, product_name, seller_id, revision, price_version_id, prompt_tokens, max_output_tokens,
            amount_units, amount_remainder, free_part_units, free_part_remainder, day, started_at, expires_at, server_epoch, delivered_input, delivered_output,
            scoped_part_units, scoped_part_remainder, has_terms, free_input, free_output
        from billing_call_hold where id = {holdId}
        """,
        row => new CallHold
        {
            Id = holdId,
            RequestId = row.GetString(0),
            AccountId = row.GetGuid(1),
            CallerId = row.GetGuid(2),
            TokenId = row.IsDBNull(3) ? null : row.GetGuid(3),
            ProductId = row.GetGuid(4),
            ProductName = row.GetString(5),
            SellerId = row.GetGuid(6),
            Revision = row.GetString(7),
            PriceVersionId = row.GetGuid(8),
            PromptTokens = row.GetInt64(9),
            MaxOutputTokens = row.GetInt64(10),
            Amount = new StoredMoney(row.GetInt64(11), row.GetInt64(12)),
            FreePart = new StoredMoney(row.GetInt64(13), row.GetInt64(14)),
            Day = Days.FromNumber(row.GetInt64(15)),
            StartedAt = database.ReadInstant(row, 16),
            ExpiresAt = database.ReadInstant(row, 17),
            ServerEpoch = row.GetGuid(18),
            DeliveredInput = row.GetInt64(19),
            DeliveredOutput = row.GetInt64(20),
            ScopedPart = new StoredMoney(row.GetInt64(21), row.GetInt64(22)),
            HasTerms = row.GetBoolean(23),
            FreeInput = row.GetInt64(24),
            FreeOutput = row.GetInt64(25),
        },
        cancel);

    public Task<int> DeleteAsync(CallHold hold, CancellationToken cancel) => sql.ExecuteAsync($"delete from billing_call_hold where id = {hold.Id}", cancel);

    /// <summary>Writes what a hold or a settlement changed.</summary>
    public Task<int> UpdateAsync(Wallet wallet, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        update billing_wallet set balance_units = {wallet.Balance.Units}, balance_remainder = {wallet.Balance.Remainder},
            held_units = {wallet.Held.Units}, held_remainder = {wallet.Held.Remainder}, free_day = {Days.Number(wallet.FreeDay)},
            free_used_units = {wallet.FreeUsed.Units}, free_used_remainder = {wallet.FreeUsed.Remainder},
            free_held_units = {wallet.FreeHeld.Units}, free_held_remainder = {wallet.FreeHeld.Remainder}
        where id = {wallet.Id}
        """,
        cancel);

    /// <summary>The account's quantities of a price in a month, by class; those that have none yet are absent.</summary>
    public Task<IReadOnlyList<RatingTotal>> TotalsAsync(Guid accountId, Guid priceVersionId, DateOnly month, CancellationToken cancel) => sql.ListAsync(
        $"select class, quantity from billing_rating_total where account_id = {accountId} and price_version_id = {priceVersionId} and month = {Days.Number(month)}",
        row => new RatingTotal(row.GetInt64(1)) { AccountId = accountId, PriceVersionId = priceVersionId, Class = row.GetString(0), Month = month },
        cancel);

    public Task<int> UpdateAsync(RatingTotal total, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        insert into billing_rating_total (account_id, price_version_id, class, month, quantity)
        values ({total.AccountId}, {total.PriceVersionId}, {total.Class}, {Days.Number(total.Month)}, {total.Quantity})
        on conflict (account_id, price_version_id, class, month) do update set quantity = excluded.quantity
        """,
        cancel);

    public Task<int> InsertAsync(MeterEvent call, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        insert into billing_meter_event (id, request_id, account_id, caller_id, token_id, product_id, product_name, seller_id, revision,
            input_tokens, output_tokens, outcome, measurement, price_version_id, day, time, recorded_at)
        values ({call.Id}, {call.RequestId}, {call.AccountId}, {call.CallerId}, {call.TokenId}, {call.ProductId}, {call.ProductName}, {call.SellerId}, {call.Revision},
            {call.InputTokens}, {call.OutputTokens}, {call.Outcome.ToString()}, {call.Measurement.ToString()}, {call.PriceVersionId}, {Days.Number(call.Day)},
            {database.Instant(call.Time)}, {database.Instant(call.RecordedAt)})
        """,
        cancel);

    public Task<int> InsertAsync(RatedRow row, Guid rollUpId, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        insert into billing_rated_row (event_id, class, account_id, seller_id, product_id, day, price_version_id, quantity, currency,
            list_units, list_remainder, free_units, free_remainder, discount_units, discount_remainder, amount_units, amount_remainder, roll_up_id)
        values ({row.EventId}, {row.Class}, {row.AccountId}, {row.SellerId}, {row.ProductId}, {Days.Number(row.Day)}, {row.PriceVersionId}, {row.Quantity}, {row.Currency.Code},
            {row.List.Units}, {row.List.Remainder}, {row.Free.Units}, {row.Free.Remainder}, {row.Discount.Units}, {row.Discount.Remainder}, {row.Amount.Units}, {row.Amount.Remainder}, {rollUpId})
        """,
        cancel);

    /// <summary>Adds a row's part to the roll-up that is open for it, or begins one.</summary>
    /// <returns>The roll-up's id.</returns>
    public async Task<Guid> AddAsync(RollUp part, CancellationToken cancel) => (await sql.ListAsync(
        $"""
        insert into billing_roll_up (id, account_id, minute, day, product_id, product_name, price_version_id, class, currency, row_count, quantity,
            list_units, list_remainder, free_units, free_remainder, discount_units, discount_remainder, amount_units, amount_remainder,
            prepaid_units, prepaid_remainder, promo_units, promo_remainder, sla_units, sla_remainder, is_open)
        values ({part.Id}, {part.AccountId}, {database.Instant(part.Minute)}, {Days.Number(part.Day)}, {part.ProductId}, {part.ProductName}, {part.PriceVersionId}, {part.Class}, {part.Currency.Code},
            {part.RowCount}, {part.Quantity}, {part.List.Units}, {part.List.Remainder}, {part.Free.Units}, {part.Free.Remainder}, {part.Discount.Units}, {part.Discount.Remainder},
            {part.Amount.Units}, {part.Amount.Remainder}, {part.Prepaid.Units}, {part.Prepaid.Remainder}, {part.Promo.Units}, {part.Promo.Remainder}, {part.Sla.Units}, {part.Sla.Remainder}, true)
        on conflict (account_id, minute, product_id, price_version_id, class, day) where is_open do update set
            row_count = billing_roll_up.row_count + excluded.row_count, quantity = billing_roll_up.quantity + excluded.quantity,
            list_units = billing_roll_up.list_units + excluded.list_units + (billing_roll_up.list_remainder + excluded.list_remainder) / 1000000000000,
            list_remainder = (billing_roll_up.list_remainder + excluded.list_remainder) % 1000000000000,
            free_units = billing_roll_up.free_units + excluded.free_units + (billing_roll_up.free_remainder + excluded.free_remainder) / 1000000000000,
            free_remainder = (billing_roll_up.free_remainder + excluded.free_remainder) % 1000000000000,
            discount_units = billing_roll_up.discount_units + excluded.discount_units + (billing_roll_up.discount_remainder + excluded.discount_remainder) / 1000000000000,
            discount_remainder = (billing_roll_up.discount_remainder + excluded.discount_remainder) % 1000000000000,
            amount_units = billing_roll_up.amount_units + excluded.amount_units + (billing_roll_up.amount_remainder + excluded.amount_remainder) / 1000000000000,
            amount_remainder = (billing_roll_up.amount_remainder + excluded.amount_remainder) % 1000000000000,
            prepaid_units = billing_roll_up.prepaid_units + excluded.prepaid_units + (billing_roll_up.prepaid_remainder + excluded.prepaid_remainder) / 1000000000000,
            prepaid_remainder = (billing_roll_up.prepaid_remainder + excluded.prepaid_remainder) % 1000000000000,
            promo_units = billing_roll_up.promo_units + excluded.promo_units + (billing_roll_up.promo_remainder + excluded.promo_remainder) / 1000000000000,
            promo_remainder = (billing_roll_up.promo_remainder + excluded.promo_remainder) % 1000000000000,
            sla_units = billing_roll_up.sla_units + excluded.sla_units + (billing_roll_up.sla_remainder + excluded.sla_remainder) / 1000000000000,
            sla_remainder = (billing_roll_up.sla_remainder + excluded.sla_remainder) % 1000000000000
        returning id
        """,
        row => row.GetGuid(0),
        cancel))[0];

    public async Task InsertAsync(LedgerTransaction transaction, IEnumerable<Posting> postings, CancellationToken cancel)
    {
        await sql.ExecuteAsync(
            $"""
            insert into billing_ledger_transaction (id, key, kind, effective_at, booked_at)
            values ({transaction.Id}, {transaction.Key}, {transaction.Kind.ToString()}, {database.Instant(transaction.EffectiveAt)}, {database.Instant(transaction.BookedAt)})
            """,
            cancel);
        foreach (var posting in postings)
        {
            await sql.ExecuteAsync(
                $"""
                insert into billing_posting (transaction_id, line, account, currency, amount_units, amount_remainder)
                values ({posting.TransactionId}, {posting.Line}, {posting.Account}, {posting.Currency.Code}, {posting.Amount.Units}, {posting.Amount.Remainder})
                """,
                cancel);
        }
    }

    /// <summary>The account's grants that have something left, or had when they expired after an instant; in the order in which they are drawn.</summary>
    public async Task<IReadOnlyList<CreditGrant>> GrantsAsync(Guid accountId, DateTimeOffset time, CancellationToken cancel)
    {
        var grants = await sql.ListAsync(
            $"""
            select id, kind, currency, amount_units, amount_remainder, remaining_units, remaining_remainder, held_units, held_remainder, forfeited_units, forfeited_remainder,
                withdrawn_units, withdrawn_remainder, models, starts_at, expires_at, priority, refundable, source_ref, state, created_at
            from billing_credit_grant
            where account_id = {accountId} and (remaining_units > 0 or remaining_remainder > 0 or forfeited_units > 0 or forfeited_remainder > 0)
                and (state = 'Usable' or (state = 'Expired' and expires_at > {database.Instant(time)}))
            """,
            row => CreditGrant.Read(accountId, row, database),
            cancel);
        return grants.Count < 2 ? grants : [.. grants.InOrder()];
    }

    public Task<int> UpdateAsync(CreditGrant grant, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        update billing_credit_grant set remaining_units = {grant.Remaining.Units}, remaining_remainder = {grant.Remaining.Remainder},
            held_units = {grant.Held.Units}, held_remainder = {grant.Held.Remainder}, forfeited_units = {grant.Forfeited.Units}, forfeited_remainder = {grant.Forfeited.Remainder}
        where id = {grant.Id}
        """,
        cancel);

    public Task<int> InsertAsync(GrantDraw draw, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        insert into billing_grant_draw (event_id, class, grant_id, account_id, day, currency, amount_units, amount_remainder)
        values ({draw.EventId}, {draw.Class}, {draw.GrantId}, {draw.AccountId}, {Days.Number(draw.Day)}, {draw.Currency.Code}, {draw.Amount.Units}, {draw.Amount.Remainder})
        """,
        cancel);

    public Task<int> InsertAsync(GrantHold part, CancellationToken cancel) => sql.ExecuteAsync(
        $"insert into billing_grant_hold (hold_id, grant_id, amount_units, amount_remainder) values ({part.HoldId}, {part.GrantId}, {part.Amount.Units}, {part.Amount.Remainder})", cancel);

    /// <summary>Takes away what a call was promised by grants for its model.</summary>
    public async Task TakeGrantHoldsAsync(Guid holdId, CancellationToken cancel)
    {
        var parts = await sql.ListAsync(
            $"select grant_id, amount_units, amount_remainder from billing_grant_hold where hold_id = {holdId}",
            row => new GrantHold { HoldId = holdId, GrantId = row.GetGuid(0), Amount = new StoredMoney(row.GetInt64(1), row.GetInt64(2)) },
            cancel);
        await sql.ExecuteAsync($"delete from billing_grant_hold where hold_id = {holdId}", cancel);
        foreach (var part in parts)
        {
            // In words, because the grant itself may no longer be among those that can be drawn.
            await sql.ExecuteAsync(
                $"""
                update billing_credit_grant set
                    held_units = held_units - {part.Amount.Units} - case when held_remainder < {part.Amount.Remainder} then 1 else 0 end,
                    held_remainder = held_remainder - {part.Amount.Remainder} + case when held_remainder < {part.Amount.Remainder} then {Money.PicosPerUnit} else 0 end
                where id = {part.GrantId}
                """,
                cancel);
        }
    }

    private Task<Wallet?> FindWalletAsync(Guid accountId, CancellationToken cancel) => sql.LockAsync(
        $"""
        select currency, balance_units, balance_remainder, held_units, held_remainder, free_day,
            free_used_units, free_used_remainder, free_held_units, free_held_remainder, scoped_grants, turns_at,
            coalesce((select c.funding = 'Postpaid' from billing_customer c where c.id = billing_wallet.id), false),
            exists (select 1 from billing_spend_limit where account_id in ({accountId}, {Guid.Empty})),
            coalesce((select b.standing from billing_billed_account b where b.id = billing_wallet.id), 'Current')
        from billing_wallet where id = {accountId}
        """,
        row => Wallet.Read(accountId, row, database),
        cancel);

    private PriceVersion ReadPrice(DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        ProductId = row.GetGuid(1),
        Version = row.GetInt64(2),
        Currency = new Currency(row.GetString(3)),
        Input = new StoredMoney(row.GetInt64(4), row.GetInt64(5)),
        Output = new StoredMoney(row.GetInt64(6), row.GetInt64(7)),
        PerQuantity = row.GetInt64(8),
        EffectiveFrom = database.ReadInstant(row, 9),
        PublishedAt = database.ReadInstant(row, 10),
        PublishedBy = row.GetGuid(11),
        PublisherName = row.GetString(12),
        Reason = row.GetString(13),
        KeyText = row.IsDBNull(14) ? null : row.GetString(14),
        Book = row.GetString(15),
    };
}
