using System.Text.Json;

namespace Lodestone.Billing;

/// <summary>Which object a message of Stripe is about. What it says of it is not read: it may be old.</summary>
internal static class StripeMessages
{
    /// <returns>Null where it is no event.</returns>
    public static ProviderMessage? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && Text(root, "id") is { } id && Text(root, "type") is { } type ? Of(id, type, root) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ProviderMessage Of(string id, string type, JsonElement root)
    {
        var about = root.TryGetProperty("data", out var data) && data.ValueKind is JsonValueKind.Object && data.TryGetProperty("object", out var found) && found.ValueKind is JsonValueKind.Object ? found : default;
        var (kind, reference) = about.ValueKind is JsonValueKind.Object ? Object(about) : (null, null);
        return new ProviderMessage(id, type, reference is null ? null : kind, reference);
    }

    private static (ProviderObjectKind? Kind, string? Reference) Object(JsonElement about) => Text(about, "object") switch
    {
        "payment_intent" => (ProviderObjectKind.Payment, Text(about, "id")),
        "charge" => (ProviderObjectKind.Payment, Text(about, "payment_intent")),
        "refund" => (ProviderObjectKind.Refund, Text(about, "id")),
        "dispute" => (ProviderObjectKind.Dispute, Text(about, "id")),
        "payout" => (ProviderObjectKind.Payout, Text(about, "id")),
        "payment_method" => (ProviderObjectKind.Method, Text(about, "id")),
        "checkout.session" when Text(about, "mode") == "setup" => (ProviderObjectKind.Setup, Text(about, "id")),
        _ => (null, null),
    };

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
