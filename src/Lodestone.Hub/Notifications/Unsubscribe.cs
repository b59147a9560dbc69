using System.Globalization;
using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Addresses in mails that end the mails of one reason for one user, without signing in.</summary>
internal sealed class UnsubscribeLinks(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("hub.unsubscribe");

    /// <summary>A path on this server.</summary>
    public string PathFor(Guid userId, NotificationReason reason) =>
        $"{Unsubscribe.Place}/{_protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{userId:N} {reason.ToWire()}"))}";

    public (Guid UserId, NotificationReason Reason)? Read(string token)
    {
        try
        {
            return _protector.Unprotect(token).Split(' ') is [var user, var name] && NotificationReasons.Parse(name) is { } reason ? (Guid.ParseExact(user, "N"), reason) : null;
        }
        catch (Exception wrong) when (wrong is CryptographicException or FormatException)
        {
            return null; // not one of ours
        }
    }
}

/// <summary>One-click unsubscribing (RFC 8058): mail programs send the POST, people who follow the link come to their settings.</summary>
internal static class Unsubscribe
{
    public const string Place = "/api/v1/notifications/unsubscribe";

    public static void MapUnsubscribe(this IEndpointRouteBuilder routes)
    {
        var one = routes.MapGroup($"{Place}/{{token}}").WithErrorShape(ErrorShape.Problem).WithTags("Notifications");
        one.MapPost("", async (string token, UnsubscribeLinks links, NotificationChoices choices, CancellationToken cancel) =>
        {
            var (userId, reason) = links.Read(token) ?? throw new Refusal(RefusalCode.NotFound, "This link is not one of ours. Choose what you get by mail in your settings.");
            await choices.EndMailAsync(userId, reason, cancel);
            return Results.Ok();
        });
        one.MapGet("", () => Results.Redirect("/settings/notifications"));
    }
}
