using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Makes one webhook's calls, as a leased task of that webhook, so that two servers never make them at once. What happened to one
/// repository is told in order: a delivery that is not taken is tried again, later each time, and those behind it wait; those of
/// other repositories go on, unless nobody answers at all. A webhook that takes nothing for days is suspended.
/// </summary>
internal sealed partial class WebhookSending(HubDb db, OutgoingCalls calls, WebhookSecrets secrets, TimeProvider clock, ILogger<WebhookSending> log) : ITaskHandler
{
    public const string Kind = "hub.webhook";

    private const int MostPerRun = 50;
    private const int LongestAnswer = 1000;

    /// <summary>Of failing in a row.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(3);

    private static readonly TimeSpan LogAge = TimeSpan.FromDays(30);
    private static readonly TimeSpan[] Delays = [.. new[] { 10, 30, 60, 300, 600, 1800, 3600 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    public static string KeyOf(Guid webhookId) => webhookId.ToString("N", CultureInfo.InvariantCulture);

    /// <param name="tries">Calls made so far, from 1.</param>
    public static TimeSpan DelayAfter(long tries) => Delays[Math.Min(tries, Delays.Length) - 1];

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var id = Guid.ParseExact(task.Key, "N");
        for (var sent = 0; sent < MostPerRun; sent++)
        {
            db.ChangeTracker.Clear();
            if (await db.Webhooks.SingleOrDefaultAsync(w => w.Id == id, cancel) is not { IsEnabled: true } webhook)
            {
                return null; // enabling it schedules the task again
            }

            var next = await db.WebhookDeliveries.HeadsOf(id).AsNoTracking().OrderBy(d => d.DueAt).ThenBy(d => d.CreatedAt).ThenBy(d => d.Number).FirstOrDefaultAsync(cancel);
            if (next is null)
            {
                await ForgetAsync(id, cancel);
                return null;
            }

            if (next.DueAt > clock.GetUtcNow())
            {
                return next.DueAt;
            }

            await SendAsync(webhook, next, cancel);
        }

        return clock.GetUtcNow(); // let others have a turn
    }

    private async Task SendAsync(Webhook webhook, WebhookDelivery delivery, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        var outcome = await CallAsync(webhook, delivery, cancel);
        var took = (long)clock.GetElapsedTime(began).TotalMilliseconds;
        var now = clock.GetUtcNow();
        var tries = delivery.Tries + 1;
        var due = outcome.IsTaken ? now : now + DelayAfter(tries);
        var isSuspended = await db.WriteAsync(
            async inner =>
            {
                await db.WebhookDeliveries.Where(d => d.Id == delivery.Id).ExecuteUpdateAsync(
                    d => d.SetProperty(x => x.State, outcome.IsTaken ? DeliveryState.Delivered : DeliveryState.Waiting).SetProperty(x => x.Tries, tries)
                        .SetProperty(x => x.DueAt, due).SetProperty(x => x.TriedAt, now).SetProperty(x => x.Status, outcome.Status)
                        .SetProperty(x => x.Answer, outcome.Answer).SetProperty(x => x.TookMs, took),
                    inner);
                if (outcome.Status is null)
                {
                    // Nobody is there: the heads of other repositories would only find out the same.
                    await db.WebhookDeliveries.HeadsOf(webhook.Id).Where(d => d.DueAt < due).ExecuteUpdateAsync(d => d.SetProperty(x => x.DueAt, due), inner);
                }

                return await NoteAsync(webhook, outcome.IsTaken, now, inner);
            },
            cancel);
        if (isSuspended)
        {
            Suspended(log, webhook.Id, webhook.OwnerId);
        }
    }

    private async Task<bool> NoteAsync(Webhook webhook, bool isTaken, DateTimeOffset now, CancellationToken cancel)
    {
        var isSuspended = false;
        if (isTaken)
        {
            webhook.Delivered();
        }
        else if (webhook.Failed(now, Patience))
        {
            isSuspended = true;
            db.Publish(new WebhookSuspended(webhook.Id, webhook.OwnerId, webhook.Url));
        }

        await db.SaveChangesAsync(cancel);
        return isSuspended;
    }

    private async Task<Outcome> CallAsync(Webhook webhook, WebhookDelivery delivery, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(delivery.Payload)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.TryAddWithoutValidation("User-Agent", "Lodestone-Webhooks");
        request.Headers.TryAddWithoutValidation("X-Lodestone-Delivery", KeyOf(delivery.Id));
        request.Headers.TryAddWithoutValidation("X-Lodestone-Event", delivery.Event);
        if (secrets.Open(webhook) is { } secret)
        {
            request.Headers.TryAddWithoutValidation("X-Webhook-Secret", secret);
            request.Headers.TryAddWithoutValidation("X-Lodestone-Signature", WebhookSecrets.Sign(secret, delivery.Payload, clock.GetUtcNow()));
        }

        try
        {
            var answer = await calls.SendAsync(request, cancel);
            return new Outcome(answer.IsGood, (long)answer.Status, Text(answer.Body));
        }
        catch (Exception failure) when (failure is HttpRequestException or TimeoutException or IOException)
        {
            return new Outcome(IsTaken: false, Status: null, Text(failure.InnerException is Refusal refusal ? refusal.Message : failure.Message));
        }
    }

    private static string Text(string answer) => CardValues.Clean(answer.Length > LongestAnswer ? answer[..LongestAnswer] : answer);

    private Task<int> ForgetAsync(Guid webhookId, CancellationToken cancel)
    {
        var before = clock.GetUtcNow() - LogAge;
        return db.WriteAsync(
            inner => db.WebhookDeliveries.Where(d => d.WebhookId == webhookId && d.State == DeliveryState.Delivered && d.CreatedAt < before).ExecuteDeleteAsync(inner), cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {WebhookId} of user {OwnerId} is suspended: it took no delivery for days")]
    private static partial void Suspended(ILogger log, Guid webhookId, Guid ownerId);

    /// <param name="Status">Null: there was no answer.</param>
    private readonly record struct Outcome(bool IsTaken, long? Status, string Answer);
}
