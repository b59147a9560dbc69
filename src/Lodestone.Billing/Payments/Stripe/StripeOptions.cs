namespace Lodestone.Billing;

/// <summary>Settings under <c>Billing:Stripe</c>. Without a secret key nothing is asked of Stripe and nobody is offered it.</summary>
public sealed record StripeOptions
{
    /// <summary>The secret or restricted key, <c>sk_…</c> or <c>rk_…</c>. Give it by environment or a file that only the server reads.</summary>
    public string SecretKey { get; init; } = "";

    /// <summary>What the endpoint's messages are signed with, <c>whsec_…</c>. While it is changed at Stripe, the old and the new one, separated by a space.</summary>
    public string WebhookSecret { get; init; } = "";

    /// <summary>Where Stripe is; <c>https://api.stripe.com</c> unless given.</summary>
    public string ApiBase { get; init; } = "https://api.stripe.com";

    /// <summary>How long an answer may take: 30 seconds unless given.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    internal bool IsValid => Uri.TryCreate(ApiBase, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.IsLoopback) && Patience > TimeSpan.Zero;

    /// <summary>Without the secrets, so that nothing which prints settings prints them.</summary>
    public override string ToString() => $"Stripe at {ApiBase}";
}
