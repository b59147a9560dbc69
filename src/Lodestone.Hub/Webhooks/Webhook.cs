using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>An address that is told what happens to what its owner watches, as far as the owner may see it.</summary>
internal sealed class Webhook
{
    public required Guid Id { get; init; }

    /// <summary>The user who made it.</summary>
    public required Guid OwnerId { get; init; }

    public required string Url { get; set; }

    /// <summary>As <see cref="WebhookSecrets"/> keeps it; null: deliveries are not signed.</summary>
    public string? Secret { get; set; }

    /// <summary>Separated by spaces; see <see cref="WebhookDomains"/>.</summary>
    public required string Domains { get; set; }

    public WebhookState State { get; private set; }

    /// <summary>When the first of the deliveries failed that have failed in a row; null when the last one was taken.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public bool IsEnabled => State is WebhookState.Enabled;

    /// <summary>Goes on with what is waiting.</summary>
    public void Enable() => (State, FailingSince) = (WebhookState.Enabled, null);

    public void Disable() => State = WebhookState.Disabled;

    public void Delivered() => FailingSince = null;

    /// <returns>True when it has failed for so long that it is suspended now.</returns>
    public bool Failed(DateTimeOffset now, TimeSpan patience)
    {
        FailingSince ??= now;
        var isGivenUp = IsEnabled && now - FailingSince >= patience;
        State = isGivenUp ? WebhookState.Suspended : State;
        return isGivenUp;
    }
}

/// <summary>Whether a webhook is told anything.</summary>
internal enum WebhookState
{
    Enabled,

    /// <summary>By its owner.</summary>
    Disabled,

    /// <summary>By the server, because nobody took its deliveries for days.</summary>
    Suspended,
}

internal static class WebhookStates
{
    public static string ToWire(this WebhookState state) => state.ToString().ToLowerInvariant();

    public static WebhookState Parse(string name) => Enum.Parse<WebhookState>(name, ignoreCase: true);
}

/// <summary>What sorts of things a webhook is told.</summary>
internal static class WebhookDomains
{
    public const string Repo = "repo";
    public const string Discussion = "discussion";

    /// <summary>A word of Lodestone's own: new models that were made from a watched one. Only for those who ask for it.</summary>
    public const string Derivative = "derivative";

    public static readonly IReadOnlyList<string> Usual = [Repo, Discussion];

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string Join(IReadOnlyList<string>? domains)
    {
        var named = (domains ?? Usual).Select(d => d is "discussions" ? Discussion : d).Distinct(StringComparer.Ordinal).ToList();
        return named.TrueForAll(d => d is Repo or Discussion or Derivative) && named.Count > 0
            ? string.Join(' ', named)
            : throw new Refusal(RefusalCode.Invalid, "\"domains\" must be some of [repo, discussion, derivative]") { Param = "domains" };
    }

    /// <summary>Of an event's scope, such as <c>repo.content</c>.</summary>
    public static string OfScope(string scope) => scope is RepoEvent.OfDerivative ? Derivative : scope.Split('.')[0];

    public static bool Has(this Webhook webhook, string domain) => webhook.Domains.Split(' ').Contains(domain, StringComparer.Ordinal);
}

/// <summary>One name that a webhook watches. It need not exist.</summary>
/// <param name="Type"><c>model</c>, <c>dataset</c>, <c>space</c>, <c>user</c> or <c>org</c>.</param>
/// <param name="Name"><c>owner/name</c> of a repository, else a namespace's name.</param>
/// <param name="Position">In the list as it was given, from 0.</param>
internal sealed record WebhookWatch(Guid WebhookId, string Type, string Name, string NameLower, long Position);

internal static class WebhookQueries
{
    /// <summary>Webhooks are their makers' alone.</summary>
    public static IQueryable<Webhook> VisibleTo(this IQueryable<Webhook> webhooks, Caller caller) => webhooks.Where(w => w.OwnerId == caller.Id);

    /// <summary>The deliveries that are next in their subject: a later one waits until it is through.</summary>
    public static IQueryable<WebhookDelivery> HeadsOf(this DbSet<WebhookDelivery> deliveries, Guid webhookId)
    {
        var waiting = deliveries.Where(d => d.WebhookId == webhookId && d.State == DeliveryState.Waiting);
        return waiting.Where(d => !waiting.Any(e => e.SubjectId == d.SubjectId && (e.Number < d.Number || (e.Number == d.Number && e.Replay < d.Replay))));
    }
}
