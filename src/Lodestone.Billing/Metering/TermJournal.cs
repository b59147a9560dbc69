using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Terms of an account within the transaction of a call, beside <see cref="CallJournal"/>. The wallet is locked.</summary>
internal sealed class TermJournal(Statements sql, Database database)
{
    /// <summary>What was agreed with the account, and what was used of it.</summary>
    public async Task<AccountTerms> TermsAsync(RatableUsage usage, DateOnly day, CancellationToken cancel)
    {
        var terms = await sql.ListAsync(
            $"""
            select id, kind, product_id, usage_class, quantity, amount_units, amount_remainder, share, share_over, period, scope, seats, on_exhausted, starts_at, ends_at, created_at, reason
            from billing_term where account_id = {usage.AccountId} and starts_at <= {database.Instant(usage.Time)} and (ends_at is null or ends_at > {database.Instant(usage.Time)})
            """,
            row => Read(usage.AccountId, row),
            cancel);
        var uses = new List<TermUse>();
        foreach (var term in terms)
        {
            var (subject, start) = (term.Scope is TermScope.User ? usage.UserId : Guid.Empty, term.PeriodOf(day));
            if (await sql.FindAsync(
                $"select quantity, amount_units, amount_remainder from billing_term_use where term_id = {term.Id} and subject_id = {subject} and period_start = {Days.Number(start)}",
                row => TermUse.Of(term.Id, subject, start, row.GetInt64(0), new StoredMoney(row.GetInt64(1), row.GetInt64(2))),
                cancel) is { } use)
            {
                uses.Add(use);
            }
        }

        return new AccountTerms(terms, uses);
    }

    /// <summary>How many tokens the account's running calls were promised from its allowances.</summary>
    public async Task<long> PromisedAsync(Guid accountId, CancellationToken cancel) =>
        (await sql.ListAsync($"select free_input, free_output from billing_call_hold where account_id = {accountId} and has_terms", row => row.GetInt64(0) + row.GetInt64(1), cancel)).Sum();

    public Task<int> UpdateAsync(TermUse use, CancellationToken cancel) => sql.ExecuteAsync(
        $"""
        insert into billing_term_use (term_id, subject_id, period_start, quantity, amount_units, amount_remainder)
        values ({use.TermId}, {use.SubjectId}, {Days.Number(use.PeriodStart)}, {use.Quantity}, {use.Amount.Units}, {use.Amount.Remainder})
        on conflict (term_id, subject_id, period_start) do update set quantity = excluded.quantity, amount_units = excluded.amount_units, amount_remainder = excluded.amount_remainder
        """,
        cancel);

    private Term Read(Guid accountId, DbDataReader row) => new()
    {
        Id = row.GetGuid(0),
        AccountId = accountId,
        Kind = Enum.Parse<TermKind>(row.GetString(1)),
        ProductId = row.IsDBNull(2) ? null : row.GetGuid(2),
        UsageClass = row.IsDBNull(3) ? null : row.GetString(3),
        Quantity = row.IsDBNull(4) ? null : row.GetInt64(4),
        Amount = new StoredMoney(row.GetInt64(5), row.GetInt64(6)),
        Share = row.GetInt64(7),
        ShareOver = row.GetInt64(8),
        Period = Enum.Parse<TermPeriod>(row.GetString(9)),
        Scope = Enum.Parse<TermScope>(row.GetString(10)),
        Seats = row.GetInt64(11),
        OnExhausted = Enum.Parse<OnExhausted>(row.GetString(12)),
        StartsAt = database.ReadInstant(row, 13),
        EndsAt = row.IsDBNull(14) ? null : database.ReadInstant(row, 14),
        CreatedAt = database.ReadInstant(row, 15),
        Reason = row.GetString(16),
    };
}
