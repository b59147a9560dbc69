using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Messages of payment providers: <c>/webhooks/payments/{provider}</c>. A message is acknowledged as soon as it is stored, and applied by
/// asking how its object stands now, so that it may come twice, late, or after its successor.
/// </summary>
internal static class PaymentEventsApi
{
    private const int MostBytes = 512 * 1024;
    private const string SignatureHeader = "Stripe-Signature";

    private static readonly RefusalCode BadSignature = new("bad_signature", 400);

    public static void MapPaymentEvents(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/payments/{provider}", Receive).WithErrorShape(ErrorShape.Problem).WithTags("Payments").DisableAntiforgery();

    private static async Task<Ok> Receive(string provider, HttpRequest request, PaymentEvents events, CancellationToken cancel)
    {
        var body = await ReadAsync(request, cancel);
        return await events.ReceiveAsync(provider, body, request.Headers[SignatureHeader], cancel)
            ? TypedResults.Ok()
            : throw new Refusal(BadSignature, "The signature is not the provider's, or is older than five minutes. Check the endpoint's secret under Billing:Stripe:WebhookSecret, and this server's clock.");
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        var read = new byte[MostBytes + 1];
        var count = await request.Body.ReadAtLeastAsync(read, read.Length, throwOnEndOfStream: false, cancel);
        return count <= MostBytes ? read[..count] : throw new Refusal(RefusalCode.TooLarge, $"Messages have at most {MostBytes} bytes.");
    }
}

/// <summary>Stores what providers tell, once by its id, and has it applied.</summary>
internal sealed partial class PaymentEvents(BillingSteps steps, IEnumerable<IPaymentProvider> providers, ProviderTruth truth, Tasks tasks, TimeProvider clock, ILogger<PaymentEvents> log) : ITaskHandler
{
    public const string Kind = "billing.payment-events";

    private const int AtOnce = 100;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, IMethodProvider> _providers = providers.OfType<IMethodProvider>().ToDictionary(p => p.Name, StringComparer.Ordinal);

    /// <returns>False where the message is not the provider's. One that was told before is told again in vain.</returns>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<bool> ReceiveAsync(string provider, byte[] body, string? signature, CancellationToken cancel)
    {
        var known = _providers.GetValueOrDefault(provider) ?? throw new Refusal(RefusalCode.NotFound, "There is no such payment provider.");
        var now = clock.GetUtcNow();
        if (known.ParseWebhook(body, signature, now) is not { } message)
        {
            return false;
        }

        var stored = new PaymentEvent
        {
            Id = Guid.CreateVersion7(now), Provider = provider, EventId = message.EventId, Type = message.Type, ObjectKind = message.Kind, ObjectReference = message.Reference, ReceivedAt = now,
            AppliedAt = message.Kind is null ? now : null,
        };
        var isNew = await steps.WriteAsync(
            (db, token) =>
            {
                db.PaymentEvents.Add(stored);
                return db.TrySaveAsync(token);
            },
            cancel);
        if (isNew && message.Kind is not null)
        {
            await tasks.ScheduleAsync(Kind, BillingAtStart.TheOnly, now, new { }, cancel);
        }

        return true;
    }

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await ApplyAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>Applies what waits, the first first. What cannot be applied now is tried again with the next.</summary>
    public async Task ApplyAsync(CancellationToken cancel)
    {
        var waiting = await steps.ReadAsync(db => db.PaymentEvents.AsNoTracking().Where(e => e.AppliedAt == null).OrderBy(e => e.Tries).ThenBy(e => e.Id).Take(AtOnce).ToListAsync(cancel));
        foreach (var one in waiting)
        {
            var failure = await TryAsync(one, cancel);
            await steps.WriteAsync(
                async (db, token) =>
                {
                    var stored = await db.PaymentEvents.SingleAsync(e => e.Id == one.Id, token);
                    (stored.Tries, stored.Failure) = (stored.Tries + 1, failure?.Message);
                    stored.AppliedAt ??= failure is null ? clock.GetUtcNow() : null;
                    return await db.SaveChangesAsync(token);
                },
                cancel);
        }
    }

    private async Task<Exception?> TryAsync(PaymentEvent one, CancellationToken cancel)
    {
        try
        {
            var kind = one.ObjectKind ?? throw new InvalidOperationException("An event about nothing waits for nothing.");
            if (await _providers[one.Provider].FetchAsync(kind, one.ObjectReference ?? "", cancel) is { } known)
            {
                await truth.ApplyAsync(one.Provider, known, cancel);
            }

            return null;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            NotApplied(log, one.Provider, one.EventId, one.Tries + 1, failure);
            return failure;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Message {EventId} of payment provider {Provider} was not applied at try {Tries}")]
    private static partial void NotApplied(ILogger log, string provider, string eventId, long tries, Exception failure);
}
