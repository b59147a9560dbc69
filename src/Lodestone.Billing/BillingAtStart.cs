using Lodestone.Core;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Billing;

/// <summary>Settles what the last run of the server left, before this one takes calls, and has the lost looked for from then on.</summary>
internal sealed class BillingAtStart(Orphans orphans, BillingSteps steps, BillingOptions options, Tasks tasks, TimeProvider clock) : IHostedService
{
    public const string TheOnly = "all";

    private static readonly string[] Kinds =
    [
        Orphans.Kind, Commitments.Kind, GrantTurning.Kind, SubscriptionCare.Kind, AutoTopUps.Kind, EventCare.Kind, OpenPayments.Kind, LedgerChain.Kind, Recognition.Kind,
        Invoicing.Kind, InvoicePayments.Kind, Refunds.Kind, PaymentEvents.Kind, Dunning.Kind, Reconciling.Kind, Alerting.Kind,
    ];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await orphans.SettleAllAsync(cancellationToken);
        if (options.Edition is BillingEdition.Commercial)
        {
            await ShippedPlans.AddAsync(steps, clock.GetUtcNow(), cancellationToken);
        }

        foreach (var kind in Kinds)
        {
            await tasks.ScheduleAsync(kind, TheOnly, clock.GetUtcNow(), new { }, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
