using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Ui;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lodestone.Billing;

/// <summary>The module's table of contents.</summary>
public static class BillingModule
{
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddModuleDb<BillingDb>("billing", DatabaseFile.Billing);
        services.AddOptions<BillingOptions>().BindConfiguration("Billing")
            .Validate(options => options.FreeAllowance.Picos >= 0).ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<BillingOptions>>().Value);
        services.AddSingleton<BillingSteps>();
        services.AddSingleton<ServerEpoch>();
        services.AddSingleton(p => new Metering(
            p.GetRequiredService<BillingSteps>(),
            p.GetRequiredService<CreditGrants>(),
            p.GetRequiredService<ServerEpoch>(),
            p.GetRequiredService<BillingOptions>(),
            p.GetRequiredService<Database>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Metering>>()));
        services.AddSingleton(p => new Prices(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Products(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Wallets(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<BillingOptions>(), p.GetRequiredService<TimeProvider>()));
        services.AddCredit();
        services.AddPlans();
        services.AddSingleton(p => new TrialBalance(p.GetRequiredService<BillingSteps>()));
        services.AddSingleton(p => new LedgerExport(p.GetRequiredService<BillingSteps>()));
        services.AddSingleton<ConservationChecks>();
        services.AddSingleton<Journal>();
        services.AddSingleton<PriceBook>();
        services.AddSingleton<Books>();
        services.AddScoped<Publications>();
        services.AddSingleton<Commitments>();
        services.AddTaskHandler<Commitments>(Commitments.Kind);
        services.AddSingleton<Usage>();
        services.AddSingleton(p => new ModelCalls(p.GetRequiredService<BillingSteps>()));
        services.AddScoped<AccountChoice>();
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, BillingJson.Default));
        services.AddSingleton<TopUps>();
        services.AddSingleton<Orphans>();
        services.AddTaskHandler<Orphans>(Orphans.Kind);
        services.AddTaskHandler<OpenPayments>(OpenPayments.Kind);
        services.AddHostedService<BillingAtStart>();
        services.AddPayments();
        services.AddBooks();
        services.AddInvoices();
        services.AddEvents();
        services.AddPages();
        return services;
    }

    private static void AddCredit(this IServiceCollection services)
    {
        services.AddSingleton<RowFunding>();
        services.AddSingleton<CreditGrants>();
        services.AddTaskHandler<GrantTurning>(GrantTurning.Kind);
    }

    private static void AddPlans(this IServiceCollection services)
    {
        services.AddSingleton<PlanBook>();
        services.AddSingleton(p => new Entitlements(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<BillingOptions>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Subscriptions>();
        services.AddScoped<PlanChoice>();
        services.AddSingleton<AutoTopUps>();
        services.AddTaskHandler<AutoTopUps>(AutoTopUps.Kind);
        services.AddEventHandler<MembershipChanged, SeatChanges>();
        services.AddEventHandler<AccountStandingChanged, FollowStanding>();
        services.AddTaskHandler<SeatCare>(SeatCare.Kind);
        services.AddTaskHandler<SubscriptionCare>(SubscriptionCare.Kind);
    }

    private static void AddBooks(this IServiceCollection services)
    {
        services.AddSingleton<LedgerChain>();
        services.AddTaskHandler<LedgerChain>(LedgerChain.Kind);
        services.AddSingleton<Recognition>();
        services.AddTaskHandler<Recognition>(Recognition.Kind);
        services.AddSingleton<Adjustments>();
        services.AddSingleton<MonthEnds>();
        services.AddSingleton<Receivables>();
    }

    private static void AddInvoices(this IServiceCollection services)
    {
        services.AddOptions<InvoiceOptions>().BindConfiguration("Billing:Invoices")
            .Validate(options => options.IsValid, "A setting under Billing:Invoices is out of its range.").ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<InvoiceOptions>>().Value);
        services.AddSingleton<TaxRules>();
        services.AddSingleton<Parties>();
        services.AddSingleton<Gathering>();
        services.AddSingleton<InvoiceProof>();
        services.AddSingleton<Issuing>();
        services.AddSingleton<CreditNotes>();
        services.AddSingleton<Invoices>();
        services.AddSingleton<Invoicing>();
        services.AddTaskHandler<Invoicing>(Invoicing.Kind);
        services.AddSingleton(p => new InvoiceVerification(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<InvoiceProof>(), p.GetRequiredService<InvoiceOptions>()));
    }

    private static void AddPayments(this IServiceCollection services)
    {
        services.AddSingleton<IPaymentProvider, ManualPayments>();
        services.AddSingleton<IPaymentProvider, TestPayments>();
        services.AddOptions<DunningOptions>().BindConfiguration("Billing:Dunning")
            .Validate(options => options.IsValid, "Billing:Dunning has days that are out of order.").ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<DunningOptions>>().Value);
        services.AddSingleton<Charging>();
        services.AddSingleton<PaymentMethods>();
        services.AddSingleton<InvoicePayments>();
        services.AddTaskHandler<InvoicePayments>(InvoicePayments.Kind);
        services.AddEventHandler<InvoiceIssued, InvoiceCollection>();
        services.AddEventHandler<PaymentMethodKept, DebtCollection>();
    }

    private static void AddEvents(this IServiceCollection services)
    {
        services.AddSingleton(new ModuleSchema("events", DatabaseFile.Events, typeof(BillingModule).Assembly, "EventSchema/"));
        services.AddSingleton<EventSignal>();
        services.AddSingleton<EventLog>();
        services.AddHostedService(p => p.GetRequiredService<EventLog>());
        services.AddSingleton<EventReader>();
        services.AddSingleton<EventSubjects>();
        services.AddSingleton<MeterBook>();
        services.AddSingleton<Ingestion>();
        services.AddSingleton(p => new Metered(p.GetRequiredService<Ingestion>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<EventRating>();
        services.AddSingleton<RatingStage>();
        services.AddHostedService(p => p.GetRequiredService<RatingStage>());
        services.AddTaskHandler<EventCare>(EventCare.Kind);
        services.AddSingleton<EventCorrections>();
        services.AddSingleton<NewMeters>();
        services.AddSingleton<MeterQueries>();
        services.AddSingleton<Limits>();
        services.AddScoped<LimitChoice>();
        services.AddSingleton<Alerts>();
    }

    private static void AddPages(this IServiceCollection services)
    {
        services.AddSingleton<IAccountChip, BalanceChip>();
        services.AddSingleton(new NavItem("Usage", "/usage", 30, NavAudience.SignedIn));
        services.AddSingleton(new NavItem("Plans", "/plans", 61, NavAudience.SignedIn, NavPlace.Menu));
        services.AddSingleton(new NavItem("Billing", "/billing", 60, NavAudience.SignedIn, NavPlace.Menu));
        services.AddSingleton(new NavItem("Prices", "/admin/prices", 10, NavAudience.Administrator));
        services.AddSingleton(new NavItem("Top-ups", "/admin/topups", 20, NavAudience.Administrator));
        services.AddSingleton(new NavItem("Ledger", "/admin/ledger", 30, NavAudience.Administrator));
    }

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes)
    {
        routes.MapPrices();
        routes.MapPriceBooks();
        routes.MapTerms();
        routes.MapTopUps();
        routes.MapAutoTopUps();
        routes.MapGrants();
        routes.MapPlans();
        routes.MapSubscriptions();
        routes.MapUsage();
        routes.MapLedger();
        routes.MapBooks();
        routes.MapInvoices();
        routes.MapTax();
        routes.MapPayments();
        routes.MapPaymentMethods();
        routes.MapEvents();
        routes.MapMeters();
        routes.MapLimits();
        return routes;
    }
}
