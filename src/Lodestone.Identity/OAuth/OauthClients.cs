using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Which app calls the token endpoint, and whether it has proved it by its secret: in Basic, or in the form.</summary>
internal sealed class OauthClients(IdentityDb db)
{
    private const string Basic = "Basic ";

    /// <summary>The app that the call names; <see langword="null"/> when it names none, which apps without a secret may do.</summary>
    /// <exception cref="Refusal"><c>invalid_client</c>.</exception>
    public async Task<OauthClient?> FindAsync(HttpRequest request, IFormCollection form, CancellationToken cancel)
    {
        var (clientId, secret) = Named(request, form);
        if (clientId is null)
        {
            return null;
        }

        var app = await db.OauthApps.AsNoTracking().SingleOrDefaultAsync(a => a.ClientId == clientId, cancel)
            ?? throw OauthRefusals.InvalidClient("There is no app with this client_id.");
        if (app.SecretHash is null || (secret is null && app.IsPublic))
        {
            return new OauthClient(app, IsProved: false); // what is sent where there is no secret proves nothing, and harms nothing
        }

        return secret is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Secret.Hash(secret)), Encoding.ASCII.GetBytes(app.SecretHash))
            ? new OauthClient(app, IsProved: true)
            : throw OauthRefusals.InvalidClient("The client_secret is missing or not the app's.");
    }

    /// <exception cref="Refusal"><c>invalid_client</c>, also when no app is named or an app with a secret does not show it.</exception>
    public async Task<OauthApp> RequireAsync(HttpRequest request, IFormCollection form, CancellationToken cancel) =>
        (await FindAsync(request, form, cancel) ?? throw OauthRefusals.InvalidClient("Say which app calls: send client_id.")).Allowed();

    private static (string? ClientId, string? Secret) Named(HttpRequest request, IFormCollection form)
    {
        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            return (form.Value("client_id"), form.Value("client_secret"));
        }

        try
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(header[Basic.Length..].Trim()));
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            return colon > 0 ? (Decoded(text[..colon]), Decoded(text[(colon + 1)..])) : throw Unreadable();
        }
        catch (FormatException)
        {
            throw Unreadable();
        }
    }

    // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    private static string Decoded(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private static Refusal Unreadable() => OauthRefusals.InvalidClient("The Authorization header is not Basic with client_id and client_secret.");
}

/// <param name="IsProved">By its secret.</param>
internal sealed record OauthClient(OauthApp App, bool IsProved)
{
    /// <exception cref="Refusal"><c>invalid_client</c> for an app that has to show its secret and did not.</exception>
    public OauthApp Allowed() => IsProved || App.IsPublic ? App : throw OauthRefusals.InvalidClient("This app has to show its client_secret.");
}

internal static class OauthForms
{
    /// <summary>The body of a call, as RFC 6749 has it: form-encoded.</summary>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static async Task<IFormCollection> OauthFormAsync(this HttpRequest request, CancellationToken cancel)
    {
        try
        {
            return request.HasFormContentType ? await request.ReadFormAsync(cancel) : throw Unreadable();
        }
        catch (InvalidDataException)
        {
            throw Unreadable();
        }
    }

    /// <summary>A parameter; absent when empty (RFC 6749 section 3.1), refused when sent twice.</summary>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string? Value(this IFormCollection form, string name) => form[name] switch
    {
        { Count: 0 } => null,
        [{ Length: > 0 } value] => value.Contains('\0', StringComparison.Ordinal) ? throw new Refusal(OauthRefusals.InvalidRequest, $"The parameter {name} is not text.") : value,
        { Count: 1 } => null,
        _ => throw new Refusal(OauthRefusals.InvalidRequest, $"The parameter {name} was sent more than once.") { Param = name },
    };

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string Require(this IFormCollection form, string name) => form.Value(name) ?? throw OauthRefusals.Missing(name);

    private static Refusal Unreadable() => new(OauthRefusals.InvalidRequest, "Send the parameters as application/x-www-form-urlencoded.");
}
