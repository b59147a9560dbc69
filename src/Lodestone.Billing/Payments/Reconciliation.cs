using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>A comparison of our payments with what their provider has.</summary>
internal sealed class Reconciliation
{
    public required Guid Id { get; init; }

    public required string Provider { get; init; }

    public required DateTimeOffset Since { get; init; }

    /// <summary>The first instant that it is not about: the next begins there.</summary>
    public required DateTimeOffset Until { get; init; }

    public required long Compared { get; init; }

    public required long Differing { get; init; }

    public required DateTimeOffset RanAt { get; init; }
}

/// <summary>Something that a comparison found. It is listed and never booked by itself, however small.</summary>
internal sealed class ReconciliationDifference
{
    public required Guid ReconciliationId { get; init; }

    public required long Line { get; init; }

    public required DifferenceKind Kind { get; init; }

    /// <summary><c>payment</c>, <c>refund</c>, <c>dispute</c> or <c>payout</c>.</summary>
    public required string What { get; init; }

    /// <summary>The provider's.</summary>
    public required string Reference { get; init; }

    public required string Ours { get; init; }

    public required string Theirs { get; init; }
}

internal enum DifferenceKind
{
    MissingHere,
    MissingThere,
    Amount,
    Currency,
    State,
}

/// <summary>Compares once an hour what was made since the last time.</summary>
internal sealed partial class Reconciling(BillingSteps steps, IEnumerable<IPaymentProvider> providers, TimeProvider clock, ILogger<Reconciling> log) : ITaskHandler
{
    public const string Kind = "billing.reconciliation";

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    // What was made just now may be on its way to one of the two sides.
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan First = TimeSpan.FromDays(31);

    private readonly List<IMethodProvider> _providers = [.. providers.OfType<IMethodProvider>().Where(p => p.NeedsMethod)];

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await RunAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <returns>One for each provider that is set up.</returns>
    /// <exception cref="ProviderSilentException"/>
    public async Task<List<Reconciliation>> RunAsync(CancellationToken cancel)
    {
        var runs = new List<Reconciliation>();
        foreach (var provider in _providers.Where(p => p.IsOffered))
        {
            runs.Add(await RunAsync(provider, cancel));
        }

        return runs;
    }

    /// <summary>Newest first.</summary>
    public Task<List<Reconciliation>> ListAsync(int limit, CancellationToken cancel) => steps.ReadAsync(db => db.Reconciliations.AsNoTracking().OrderByDescending(r => r.Id).Take(limit).ToListAsync(cancel));

    public async Task<(Reconciliation Run, List<ReconciliationDifference> Differences)?> FindAsync(Guid runId, CancellationToken cancel) =>
        await steps.ReadAsync(db => db.Reconciliations.AsNoTracking().SingleOrDefaultAsync(r => r.Id == runId, cancel)) is { } run
            ? (run, await steps.ReadAsync(db => db.ReconciliationDifferences.AsNoTracking().Where(d => d.ReconciliationId == runId).OrderBy(d => d.Line).ToListAsync(cancel)))
            : null;

    private async Task<Reconciliation> RunAsync(IMethodProvider provider, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var since = await steps.ReadAsync(db => db.Reconciliations.Where(r => r.Provider == provider.Name).MaxAsync(r => (DateTimeOffset?)r.Until, cancel)) ?? now - First;
        var until = now - Settling > since ? now - Settling : since;
        var theirs = await provider.ListSinceAsync(since - Settling, cancel);
        var (compared, found) = Compare(await steps.ReadAsync(db => OursAsync(db, provider.Name, since - Settling, cancel)), theirs, since, until);
        var run = new Reconciliation { Id = Guid.CreateVersion7(now), Provider = provider.Name, Since = since, Until = until, Compared = compared, Differing = found.Count, RanAt = now };
        await steps.WriteAsync(
            async (db, token) =>
            {
                db.Reconciliations.Add(run);
                db.ReconciliationDifferences.AddRange(found.Select((one, at) => new ReconciliationDifference
                {
                    ReconciliationId = run.Id, Line = at + 1, Kind = one.Kind, What = one.What, Reference = one.Reference, Ours = one.Ours, Theirs = one.Theirs,
                }));
                if (found.Count > 0)
                {
                    await Alerts.RaiseAsync(db, new NewAlert(Guid.Empty, AlertKind.Payment, $"reconciliation:{run.Id:N}", $"Payments differ from what {provider.Name} has", "/admin/reconciliation"), token);
                }

                return await db.SaveChangesAsync(token);
            },
            cancel);
        Ran(log, provider.Name, compared, found.Count);
        return run;
    }

    /// <summary>What is on one side only, or differs. Those of the margin before <paramref name="since"/> only serve to find a counterpart.</summary>
    internal static (long Compared, List<FoundDifference> Found) Compare(IReadOnlyList<OurRecord> ours, IReadOnlyList<ProviderObject> theirs, DateTimeOffset since, DateTimeOffset until)
    {
        var found = new List<FoundDifference>();
        var byReference = theirs.Select(TheirRecord.Of).OfType<TheirRecord>().ToDictionary(t => t.Reference, StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        var compared = 0L;
        foreach (var mine in ours)
        {
            known.Add(mine.Reference);
            if (mine.At >= since && mine.At < until)
            {
                compared++;
                found.AddRange(Compare(mine, byReference.GetValueOrDefault(mine.Reference)));
            }
        }

        foreach (var one in byReference.Values.Where(t => !known.Contains(t.Reference) && t.At >= since && t.At < until && t.IsMoney))
        {
            compared++;
            found.Add(new FoundDifference(DifferenceKind.MissingHere, one.What, one.Reference, "", $"{MinorUnits.Text(one.Amount)} {one.Amount.Currency}, {one.State}"));
        }

        return (compared, found);
    }

    private static IEnumerable<FoundDifference> Compare(OurRecord mine, TheirRecord? other)
    {
        if (other is null)
        {
            if (mine.IsMoney)
            {
                yield return new FoundDifference(DifferenceKind.MissingThere, mine.What, mine.Reference, $"{MinorUnits.Text(mine.Amount)} {mine.Amount.Currency}, {mine.State}", "");
            }

            yield break;
        }

        if (mine.Amount.Currency != other.Amount.Currency)
        {
            yield return new FoundDifference(DifferenceKind.Currency, mine.What, mine.Reference, mine.Amount.Currency.Code, other.Amount.Currency.Code);
        }
        else if (mine.Amount != other.Amount)
        {
            yield return new FoundDifference(DifferenceKind.Amount, mine.What, mine.Reference, MinorUnits.Text(mine.Amount), MinorUnits.Text(other.Amount));
        }

        if (mine.State != other.State)
        {
            yield return new FoundDifference(DifferenceKind.State, mine.What, mine.Reference, mine.State, other.State);
        }
    }

    private static async Task<List<OurRecord>> OursAsync(BillingDb db, string provider, DateTimeOffset since, CancellationToken cancel)
    {
        var attempts = await db.PaymentAttempts.AsNoTracking().Where(a => a.Provider == provider && a.ProviderReference != null && a.CreatedAt >= since).ToListAsync(cancel);
        var topUps = await db.TopUps.AsNoTracking().Where(t => t.Provider == provider && t.ProviderReference != null && t.CreatedAt >= since).ToListAsync(cancel);
        var refunds = await db.Refunds.AsNoTracking().Where(r => r.Provider == provider && r.ProviderReference != null && r.CreatedAt >= since).ToListAsync(cancel);
        var disputes = await db.Disputes.AsNoTracking().Where(d => d.Provider == provider && d.OpenedAt >= since).ToListAsync(cancel);
        var movements = await db.ProviderMovements.AsNoTracking().Where(m => m.Provider == provider && (m.Kind == ProviderMovementKind.Payout || m.Kind == ProviderMovementKind.PayoutReturn) && m.BookedAt >= since).ToListAsync(cancel);
        var returned = movements.Where(m => m.Kind is ProviderMovementKind.PayoutReturn).Select(m => m.Reference).ToHashSet(StringComparer.Ordinal);
        return [
            .. attempts.Select(a => new OurRecord("payment", a.ProviderReference ?? "", a.Amount.In(a.Currency), a.State.ToWire(), a.CreatedAt, a.State is TopUpState.Succeeded)),
            .. topUps.Select(t => new OurRecord("payment", t.ProviderReference ?? "", t.Money, t.State.ToWire(), t.CreatedAt, t.State is TopUpState.Succeeded)),
            .. refunds.Select(r => new OurRecord("refund", r.ProviderReference ?? "", r.Money, r.State.ToWire(), r.CreatedAt, r.State is RefundState.Succeeded)),
            .. disputes.Select(d => new OurRecord("dispute", d.Reference, d.Money, d.State.ToWire(), d.OpenedAt, d.State is DisputeState.Open or DisputeState.Lost)),
            .. movements.Where(m => m.Kind is ProviderMovementKind.Payout)
                .Select(m => new OurRecord("payout", m.Reference, m.Amount.In(m.Currency), returned.Contains(m.Reference) ? TheirRecord.FailedPayout : TheirRecord.PaidPayout, m.BookedAt, !returned.Contains(m.Reference))),
        ];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Compared} payments were compared with those of {Provider}; {Differing} differ")]
    private static partial void Ran(ILogger log, string provider, long compared, int differing);
}

internal sealed record FoundDifference(DifferenceKind Kind, string What, string Reference, string Ours, string Theirs);

/// <summary>Something of ours that a provider should have too.</summary>
/// <param name="IsMoney">Whether money moved for it.</param>
internal sealed record OurRecord(string What, string Reference, Money Amount, string State, DateTimeOffset At, bool IsMoney);

/// <summary>Something of a provider's that we should have too.</summary>
internal sealed record TheirRecord(string What, string Reference, Money Amount, string State, DateTimeOffset At, bool IsMoney)
{
    public const string PaidPayout = "paid";
    public const string FailedPayout = "failed";

    public static TheirRecord? Of(ProviderObject known) => known switch
    {
        ProviderPayment p => new TheirRecord("payment", p.Reference, p.Amount, p.Result.State.ToWire(), p.CreatedAt, p.Result.State is TopUpState.Succeeded),
        ProviderRefund r => new TheirRecord("refund", r.Reference, r.Amount, r.Result.State.ToWire(), r.CreatedAt, r.Result.State is RefundState.Succeeded),
        ProviderDispute d => new TheirRecord("dispute", d.Reference, d.Amount, d.State.ToWire(), d.CreatedAt, d.State is DisputeState.Open or DisputeState.Lost),
        ProviderPayout o => new TheirRecord("payout", o.Reference, o.Amount, o.IsPaid ? PaidPayout : o.HasFailed ? FailedPayout : "pending", o.CreatedAt, o.IsPaid),
        _ => null,
    };
}
