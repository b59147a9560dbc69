namespace Lodestone.Hub;

/// <summary>A webhook as a form has it.</summary>
/// <param name="Watched">A type and a name on each line.</param>
public sealed record WebhookForm(string? Url, string? Watched, IReadOnlyList<string> Domains)
{
    internal static WebhookForm Of(ShownWebhook shown) =>
        new(shown.Webhook.Url, string.Join('\n', shown.Watches.Select(w => $"{w.Type} {w.Name}")), shown.Webhook.Domains.Split(' '));

    /// <param name="secret">Empty leaves it as it is.</param>
    internal NewWebhook Read(string? secret) => new(
        Url?.Trim() ?? "",
        [.. (Watched ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Name)],
        Domains,
        string.IsNullOrEmpty(secret) ? null : secret);

    private static WatchedName Name(string line) => line.Split((char[])[' ', ':'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) switch
    {
        [var type, var name] => new WatchedName(type.ToLowerInvariant(), name),
        _ => new WatchedName(line.Contains('/', StringComparison.Ordinal) ? "model" : "user", line),
    };
}
