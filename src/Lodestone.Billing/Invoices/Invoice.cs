using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// What an account is asked to pay for a period. A draft gathers rows; once issued it has a number and a form that never change, and only
/// its payment goes on.
/// </summary>
internal sealed class Invoice
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>Such as <c>LS-2026-000123</c>, without gaps; drafts have none.</summary>
    public string? Number { get; private set; }

    public InvoiceState State { get; private set; } = InvoiceState.Gathering;

    public required Currency Currency { get; init; }

    public required DateTimeOffset PeriodStart { get; init; }

    /// <summary>The first instant after the period.</summary>
    public required DateTimeOffset PeriodEnd { get; init; }

    /// <summary>What was recorded later is late, and on the next invoice.</summary>
    public DateTimeOffset? GatheredAt { get; private set; }

    public StoredMoney CarryIn { get; private set; }

    /// <summary>The sum of the lines.</summary>
    public StoredMoney Net { get; private set; }

    public StoredMoney Tax { get; private set; }

    public StoredMoney Paid { get; private set; }

    /// <summary>Taken back by credit notes.</summary>
    public StoredMoney Credited { get; private set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? IssuedAt { get; private set; }

    public DateTimeOffset? DueAt { get; private set; }

    /// <summary>Canonical JSON, see <see cref="InvoiceForm"/>.</summary>
    public string? Form { get; private set; }

    /// <summary>SHA-256 of <see cref="Form"/>.</summary>
    public string? FormHash { get; private set; }

    /// <summary>Why somebody must look at it before it is issued; null where nobody need.</summary>
    public string? ReviewReason { get; private set; }

    /// <summary>The void invoice that it stands in place of.</summary>
    public Guid? ReplacesId { get; init; }

    /// <summary>Begun by the server, which issues it; one that an administrator has begun waits for them.</summary>
    public required bool IsAutomatic { get; init; }

    public Money Total => Net.In(Currency) + Tax.In(Currency);

    /// <summary>Asked for and neither paid nor taken back.</summary>
    public Money Open => State is InvoiceState.Issued or InvoiceState.PartiallyPaid or InvoiceState.Disputed ? Remainder : Money.Zero(Currency);

    public Money Remainder => Total - Paid.In(Currency) - Credited.In(Currency);

    public bool IsDraft => State is InvoiceState.Gathering or InvoiceState.Draft;

    public bool IsIssued => Form is not null;

    public void Gathered(DateTimeOffset now, string? reviewReason) => (State, GatheredAt, ReviewReason) = (InvoiceState.Draft, now, reviewReason);

    /// <summary>Somebody looked at it and lets it go.</summary>
    public void Release() => ReviewReason = null;

    public void Discard() => State = InvoiceState.Discarded;

    public void Issue(InvoiceForm form, Money carryIn, Money net, Money tax)
    {
        (Number, IssuedAt, DueAt) = (form.Number, form.IssuedInstant, form.DueInstant);
        (CarryIn, Net, Tax) = (carryIn, net, tax);
        (Form, FormHash) = (form.ToCanonical(), form.Hash());
        State = InvoiceState.Issued;
        Settle();
    }

    /// <summary>Money for it has come in, or (negative) went back.</summary>
    public void Pay(Money amount)
    {
        Paid = Paid.In(Currency) + amount;
        Settle();
    }

    public void Credit(Money amount)
    {
        Credited = Credited.In(Currency) + amount;
        Settle();
    }

    public void Void() => State = InvoiceState.Void;

    public void WriteOff() => State = InvoiceState.Uncollectible;

    public void Dispute() => State = InvoiceState.Disputed;

    public void Undispute() => Settle();

    private void Settle() => State = (Remainder.Picos <= 0, Paid == default) switch
    {
        (true, _) => InvoiceState.Paid,
        (_, true) => InvoiceState.Issued,
        _ => InvoiceState.PartiallyPaid,
    };
}

/// <summary>How an invoice stands.</summary>
public enum InvoiceState
{
    Gathering,
    Draft,
    Discarded,
    Issued,
    PartiallyPaid,
    Paid,
    Void,
    Uncollectible,
    Disputed,
}

/// <summary>One line of an issued invoice.</summary>
internal sealed class InvoiceLine
{
    public required Guid InvoiceId { get; init; }

    public required long Line { get; init; }

    /// <summary>What it is for: decides its place, and ties of rounding.</summary>
    public required string Key { get; init; }

    public required InvoiceLineKind Kind { get; init; }

    /// <summary>What tax rules know it as.</summary>
    public required string TaxClass { get; init; }

    public required string Description { get; init; }

    /// <summary>As text, such as <c>2 USD per 1,000,000</c>; empty where there is none.</summary>
    public required string UnitPrice { get; init; }

    public Guid? ProductId { get; init; }

    public Guid? PriceVersionId { get; init; }

    public Guid? ChargeId { get; init; }

    public required long Quantity { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Exact { get; init; }

    /// <summary>In whole minor units.</summary>
    public required StoredMoney Amount { get; init; }

    public required StoredMoney Tax { get; init; }

    public Guid? TaxRuleId { get; init; }
}

internal enum InvoiceLineKind
{
    Usage,

    /// <summary>Usage of an earlier period, received after its invoice.</summary>
    Late,

    /// <summary>Credit that paid for usage: negative.</summary>
    Draw,

    Charge,
}

/// <summary>A charge that an invoice asks for.</summary>
internal sealed class InvoicedCharge
{
    /// <summary>Of the charge.</summary>
    public required Guid Id { get; init; }

    public required Guid InvoiceId { get; init; }
}

/// <summary>What invoicing knows of an account.</summary>
internal sealed class BilledAccount
{
    public required Guid Id { get; init; }

    /// <summary>Up to here there are invoices.</summary>
    public DateTimeOffset BilledUntil { get; set; }

    /// <summary>What rounding has left over.</summary>
    public StoredMoney Carry { get; set; }

    public Standing Standing { get; private set; } = Standing.Current;

    public DateTimeOffset StandingSince { get; private set; }

    /// <summary>How many reminders went out since it was last current.</summary>
    public long Notices { get; set; }

    /// <summary>The account has promised to pay by then; until then nothing is withheld.</summary>
    public DateTimeOffset? PromisedUntil { get; set; }

    /// <summary>Nothing is ever withheld from it.</summary>
    public bool IsExempt { get; set; }

    /// <summary>Until then an operator has stopped reminders, retries and whatever follows from a debt.</summary>
    public DateTimeOffset? PausedUntil { get; set; }

    /// <returns>Whether it stood differently.</returns>
    public bool Stand(Standing standing, DateTimeOffset now)
    {
        if (standing == Standing)
        {
            return false;
        }

        (Standing, StandingSince) = (standing, now);
        if (standing is Standing.Current)
        {
            Notices = 0;
        }

        return true;
    }
}

/// <summary>Who an account is on paper.</summary>
internal sealed class Party
{
    public required Guid Id { get; init; }

    public required string LegalName { get; set; }

    public required string Address { get; set; }

    /// <summary>ISO 3166-1, two capital letters; empty where unknown.</summary>
    public required string Country { get; set; }

    /// <summary>A state or province that taxes for itself; mostly empty.</summary>
    public required string Region { get; set; }

    public required bool IsBusiness { get; set; }

    public required string TaxId { get; set; }

    public required TaxIdCheck TaxIdCheck { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public static Party Nobody(Guid accountId) => new()
    {
        Id = accountId, LegalName = "", Address = "", Country = "", Region = "", IsBusiness = false, TaxId = "", TaxIdCheck = TaxIdCheck.None, UpdatedAt = DateTimeOffset.UnixEpoch,
    };
}

/// <summary>How far a tax id was checked.</summary>
internal enum TaxIdCheck
{
    None,

    /// <summary>It has the form and the check digits of its country; no registry was asked.</summary>
    Unverified,

    /// <summary>An administrator has looked it up in the registry.</summary>
    Verified,
}
