using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Billing;

/// <summary>Billing's tables. On SQLite they have a file of their own, so that metering never waits behind an upload.</summary>
internal sealed class BillingDb(DbContextOptions<BillingDb> options, ModuleData data) : ModuleDb(options, data)
{
    public DbSet<Product> Products => Set<Product>();

    public DbSet<PriceVersion> PriceVersions => Set<PriceVersion>();

    public DbSet<Book> Books => Set<Book>();

    public DbSet<BookAssignment> BookAssignments => Set<BookAssignment>();

    public DbSet<Publication> Publications => Set<Publication>();

    public DbSet<Proposal> Proposals => Set<Proposal>();

    public DbSet<Term> Terms => Set<Term>();

    public DbSet<TermUse> TermUses => Set<TermUse>();

    public DbSet<Wallet> Wallets => Set<Wallet>();

    public DbSet<CallHold> Holds => Set<CallHold>();

    public DbSet<MeterEvent> Events => Set<MeterEvent>();

    public DbSet<RatedRow> RatedRows => Set<RatedRow>();

    public DbSet<RatingTotal> RatingTotals => Set<RatingTotal>();

    public DbSet<LedgerTransaction> LedgerTransactions => Set<LedgerTransaction>();

    public DbSet<Posting> Postings => Set<Posting>();

    public DbSet<TopUp> TopUps => Set<TopUp>();

    public DbSet<AutoTopUp> AutoTopUps => Set<AutoTopUp>();

    public DbSet<CreditGrant> CreditGrants => Set<CreditGrant>();

    public DbSet<GrantDraw> GrantDraws => Set<GrantDraw>();

    public DbSet<GrantHold> GrantHolds => Set<GrantHold>();

    public DbSet<Plan> Plans => Set<Plan>();

    public DbSet<Subscription> Subscriptions => Set<Subscription>();

    public DbSet<PlanSpan> PlanSpans => Set<PlanSpan>();

    public DbSet<SeatChange> SeatChanges => Set<SeatChange>();

    public DbSet<Customer> Customers => Set<Customer>();

    public DbSet<Charge> Charges => Set<Charge>();

    public DbSet<LedgerLink> LedgerLinks => Set<LedgerLink>();

    public DbSet<ClosedMonth> ClosedMonths => Set<ClosedMonth>();

    public DbSet<Adjustment> Adjustments => Set<Adjustment>();

    public DbSet<Deferral> Deferrals => Set<Deferral>();

    public DbSet<BilledAccount> BilledAccounts => Set<BilledAccount>();

    public DbSet<Party> Parties => Set<Party>();

    public DbSet<Invoice> Invoices => Set<Invoice>();

    public DbSet<InvoiceLine> InvoiceLines => Set<InvoiceLine>();

    public DbSet<RollUp> RollUps => Set<RollUp>();

    public DbSet<InvoicedCharge> InvoicedCharges => Set<InvoicedCharge>();

    public DbSet<NumberSeries> NumberSeries => Set<NumberSeries>();

    public DbSet<CreditNote> CreditNotes => Set<CreditNote>();

    public DbSet<CreditNoteLine> CreditNoteLines => Set<CreditNoteLine>();

    public DbSet<PaymentAttempt> PaymentAttempts => Set<PaymentAttempt>();

    public DbSet<PaymentMethod> PaymentMethods => Set<PaymentMethod>();

    public DbSet<ProviderCustomer> ProviderCustomers => Set<ProviderCustomer>();

    public DbSet<TaxRule> TaxRules => Set<TaxRule>();

    public DbSet<MeterVersion> Meters => Set<MeterVersion>();

    public DbSet<UnratedEvent> UnratedEvents => Set<UnratedEvent>();

    public DbSet<SpendLimit> SpendLimits => Set<SpendLimit>();

    public DbSet<LimitUse> LimitUses => Set<LimitUse>();

    public DbSet<AlertRule> AlertRules => Set<AlertRule>();

    public DbSet<Alert> Alerts => Set<Alert>();

    public DbSet<HourSpend> HourSpends => Set<HourSpend>();

    public DbSet<MeterSource> MeterSources => Set<MeterSource>();

    public DbSet<RatingPosition> RatingPositions => Set<RatingPosition>();

    public DbSet<EventCount> EventCounts => Set<EventCount>();

    /// <summary>What rating has read in the transaction that is under way.</summary>
    public RatingMemory Rating => field is { } known && known.TransactionId == Database.CurrentTransaction?.TransactionId ? known : field = new RatingMemory(this);

    protected override string Module => "billing";

    protected override DatabaseFile File => DatabaseFile.Billing;

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.ComplexProperties<StoredMoney>();
        configurationBuilder.Properties<Currency>().HaveConversion<CurrencyConverter>();
        configurationBuilder.Properties<DateOnly>().HaveConversion<DayConverter>();
        configurationBuilder.Properties<Enum>().HaveConversion<string>();
    }

    protected override void Map(ModelBuilder model)
    {
        model.Entity<TermUse>().HasKey(u => new { u.TermId, u.SubjectId, u.PeriodStart });
        model.Entity<Book>().HasKey(b => b.Slug);
        model.Entity<PriceVersion>().Ignore(v => v.Keys).Ignore(v => v.Wires);
        model.Entity<RatedRow>().HasKey(r => new { r.EventId, r.Class });
        model.Entity<RatingTotal>().HasKey(t => new { t.AccountId, t.PriceVersionId, t.Class, t.Month });
        model.Entity<Wallet>().Ignore(w => w.IsPostpaid).Ignore(w => w.IsLimited).Ignore(w => w.Standing);
        model.Entity<GrantDraw>().HasKey(d => new { d.EventId, d.Class, d.GrantId });
        model.Entity<GrantHold>().HasKey(h => new { h.HoldId, h.GrantId });
        model.Entity<LimitUse>().HasKey(u => new { u.LimitId, u.Start });
        model.Entity<HourSpend>().HasKey(h => new { h.AccountId, h.Hour });
        model.Entity<EventCount>().HasKey(c => c.Day);
        model.Entity<Posting>().HasKey(p => new { p.TransactionId, p.Line });
        model.Entity<LedgerLink>().HasKey(l => l.Position);
        model.Entity<InvoiceLine>().HasKey(l => new { l.InvoiceId, l.Line });
        model.Entity<RollUp>().Ignore(u => u.Key);
        model.Entity<NumberSeries>().HasKey(s => new { s.Series, s.Year });
        model.Entity<ProviderCustomer>().HasKey(c => new { c.AccountId, c.Provider });
        model.Entity<CreditNoteLine>().HasKey(l => new { l.CreditNoteId, l.Line });
        foreach (var amount in model.Model.GetEntityTypes().SelectMany(entity => entity.GetComplexProperties()))
        {
            foreach (var word in amount.ComplexType.GetProperties())
            {
                word.SetColumnName($"{SnakeCase(amount.Name)}_{SnakeCase(word.Name)}");
            }
        }
    }
}

/// <summary>
/// Opens a context for one step. A call lives through several, with other calls of its account between them, so that a
/// context which had already read the wallet would remember a balance that is no longer true.
/// </summary>
internal sealed class BillingSteps(IServiceScopeFactory scopes)
{
    /// <summary>One transaction, the only writer while it lasts.</summary>
    public async Task<T> WriteAsync<T>(Func<BillingDb, CancellationToken, Task<T>> step, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<BillingDb>();
        return await db.WriteAsync(token => step(db, token), cancel);
    }

    /// <summary>Several reads of one state, while others write.</summary>
    public async Task<T> SnapshotAsync<T>(Func<BillingDb, Task<T>> step, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<BillingDb>();
        await db.Database.OpenConnectionAsync(cancel);

        // By hand, because a transaction begun by the context would be the one writer of the SQLite file.
        await db.Database.ExecuteSqlRawAsync(db.Database.IsNpgsql() ? "begin isolation level repeatable read read only" : "begin", cancel);
        try
        {
            return await step(db);
        }
        finally
        {
            await db.Database.ExecuteSqlRawAsync("rollback", CancellationToken.None);
        }
    }

    public async Task<T> ReadAsync<T>(Func<BillingDb, Task<T>> step)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await step(scope.ServiceProvider.GetRequiredService<BillingDb>());
    }
}

internal sealed class CurrencyConverter() : ValueConverter<Currency, string>(currency => currency.Code, code => new Currency(code));

internal sealed class DayConverter() : ValueConverter<DateOnly, long>(day => Days.Number(day), number => Days.FromNumber(number));
