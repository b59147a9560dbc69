using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// What an account can spend right now: a projection of its postings and open holds, kept so that the decision before a
/// call reads one row. Everything that changes it holds its row lock, which makes the account's calls take turns.
/// </summary>
internal sealed class Wallet
{
    /// <summary>The account: a namespace.</summary>
    public required Guid Id { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Paid in and not yet charged.</summary>
    public StoredMoney Balance { get; private set; }

    /// <summary>The part of <see cref="Balance"/> that open holds may still take.</summary>
    public StoredMoney Held { get; private set; }

    /// <summary>The day that the free allowance below is of.</summary>
    public DateOnly FreeDay { get; private set; }

    public StoredMoney FreeUsed { get; private set; }

    public StoredMoney FreeHeld { get; private set; }

    /// <summary>How many grants for certain models there are at most: they are no part of the balance.</summary>
    public long ScopedGrants { get; private set; }

    /// <summary>When a grant begins or expires next, and with it the balance changes.</summary>
    public DateTimeOffset? TurnsAt { get; private set; }

    /// <summary>The account pays by invoice, so that what its credit does not cover is not refused.</summary>
    public bool IsPostpaid { get; private init; }

    /// <summary>Whether a limit may be about its calls. Only known where a call is reserved or settled.</summary>
    public bool IsLimited { get; private init; }

    /// <summary>What its debts leave the account. Only known where a call is reserved or settled.</summary>
    public Standing Standing { get; private init; }

    /// <summary>The statement that makes an account's empty wallet where there is none.</summary>
    public static FormattableString Opening(Guid accountId) =>
        $"""
        insert into billing_wallet (id, currency, balance_units, balance_remainder, held_units, held_remainder, free_day,
            free_used_units, free_used_remainder, free_held_units, free_held_remainder)
        values ({accountId}, {BillingOptions.Currency.Code}, 0, 0, 0, 0, 0, 0, 0, 0, 0) on conflict (id) do nothing
        """;

    /// <param name="accountId">The wallet's id.</param>
    /// <param name="row">Currency, balance, held, free day, free used, free held, scoped grants, turns at, is postpaid, whether limits may apply, standing, in this order.</param>
    public static Wallet Read(Guid accountId, DbDataReader row, Database database) => new()
    {
        Id = accountId,
        Currency = new Currency(row.GetString(0)),
        Balance = new StoredMoney(row.GetInt64(1), row.GetInt64(2)),
        Held = new StoredMoney(row.GetInt64(3), row.GetInt64(4)),
        FreeDay = Days.FromNumber(row.GetInt64(5)),
        FreeUsed = new StoredMoney(row.GetInt64(6), row.GetInt64(7)),
        FreeHeld = new StoredMoney(row.GetInt64(8), row.GetInt64(9)),
        ScopedGrants = row.GetInt64(10),
        TurnsAt = row.IsDBNull(11) ? null : database.ReadInstant(row, 11),
        IsPostpaid = row.GetBoolean(12),
        IsLimited = row.GetBoolean(13),
        Standing = Enum.Parse<Standing>(row.GetString(14)),
    };

    /// <summary>Whether its debts close a call to it: while it is suspended all that cost something, afterwards all beyond the free allowance.</summary>
    public bool Withholds(Money amount, Money freePerDay, DateOnly today) => Standing switch
    {
        Standing.Suspended => !amount.IsZero,
        Standing.Terminated => amount > FreeLeft(freePerDay, today),
        _ => false,
    };

    public Money Available => Balance.In(Currency) - Held.In(Currency);

    /// <summary>What may be taken without a hold and without what is promised to running calls.</summary>
    public Money Unheld => Max(Available, Money.Zero(Currency));

    /// <summary>A day's allowance less what was used and is held of it.</summary>
    public Money FreeLeft(Money perDay, DateOnly today) => today > FreeDay
        ? perDay
        : Max(perDay - FreeUsed.In(Currency) - FreeHeld.In(Currency), Money.Zero(Currency));

    /// <summary>Sets an amount aside, the free allowance first.</summary>
    /// <param name="scoped">What of it grants for the model bear, beyond the allowance.</param>
    /// <returns>The free part, or <see langword="null"/> when there is not enough: then nothing changes.</returns>
    public Money? Hold(Money amount, Money scoped, Money freePerDay, DateOnly today)
    {
        var free = Money.Min(FreeLeft(freePerDay, today), amount);
        var paid = amount - free - scoped;
        if (!paid.IsZero && paid > Available && !IsPostpaid)
        {
            return null;
        }

        if (today > FreeDay)
        {
            FreeDay = today;
            FreeUsed = FreeHeld = Money.Zero(Currency);
        }

        FreeHeld = FreeHeld.In(Currency) + free;
        Held = Held.In(Currency) + paid;
        return free;
    }

    /// <summary>Gives a hold back and takes what was used instead, at most the free part of it from the allowance.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="free">Used of the allowance.</param>
    /// <param name="charged">Used of the balance.</param>
    public void Settle(CallHold hold, Money free, Money charged)
    {
        var freePart = hold.FreePart.In(Currency);
        Held = Held.In(Currency) - (hold.Amount.In(Currency) - freePart - hold.ScopedPart.In(Currency));
        Balance = Balance.In(Currency) - charged;
        if (hold.Day == FreeDay)
        {
            FreeHeld = FreeHeld.In(Currency) - freePart;
            FreeUsed = FreeUsed.In(Currency) + free;
        }
    }

    /// <summary>Knows of the account's grants what a call must know before it.</summary>
    public void Turn(long scopedGrants, DateTimeOffset? turnsAt) => (ScopedGrants, TurnsAt) = (scopedGrants, turnsAt);

    public void Add(Money amount) => Balance = Balance.In(Currency) + amount;

    private static Money Max(Money left, Money right) => left > right ? left : right;
}
