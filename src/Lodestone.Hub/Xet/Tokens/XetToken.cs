using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// What a Xet client shows on every call below <c>/xet/</c>: for which repository it reads or writes chunks, until when, and
/// whose chunks it may build on, all signed. Who may have it was settled when it was given out.
/// </summary>
/// <param name="OwnerId">The repository's namespace. A token does not outlive a move to another.</param>
/// <param name="HolderId">Who asked for it; nobody: empty.</param>
internal sealed record XetToken(Guid RepoId, Guid OwnerId, Guid HolderId, XetScope Scope, DateTimeOffset ExpiresAt)
{
    private static readonly RefusalCode Invalid = new("xet_token_invalid", 401);
    private static readonly RefusalCode Expired = new("xet_token_expired", 401);

    /// <summary>Clients ask anew up to a minute before the end.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>Those whose private files the holder may read; the holder's own is one.</summary>
    public IReadOnlyList<Guid> Namespaces { get; init; } = [HolderId];

    /// <summary>The acceptance that lets the holder read, where the repository is gated: not a part of the token, looked up with each call.</summary>
    public Acceptance? Through { get; init; }

    /// <summary>
    /// Who may build on xorbs that are sent with the token: the holder, in any repository, because clients remember what they have
    /// sent and refer to it unasked; and for a member everybody else in the namespace.
    /// </summary>
    public IReadOnlyList<Guid> Grantees => Namespaces.Contains(OwnerId) && OwnerId != HolderId ? [HolderId, OwnerId] : [HolderId];

    public string ToText(byte[] secret) => $"{Claims()}.{Sign(Claims(), secret)}";

    /// <exception cref="Refusal"><c>xet_token_invalid</c> or <c>xet_token_expired</c>.</exception>
    public static XetToken Read(string? text, byte[] secret, DateTimeOffset now)
    {
        var end = text?.LastIndexOf('.') ?? -1;
        if (text is null || end < 0 || !IsSigned(text[..end], text[(end + 1)..], secret))
        {
            throw new Refusal(Invalid, "This call takes a Xet token in its Authorization header, which the repository's xet-read-token or xet-write-token address gives.");
        }

        var token = Parse(text[..end].Split('.'));
        return token.ExpiresAt > now ? token : throw new Refusal(Expired, "This Xet token has expired. Ask for a new one where this one came from.");
    }

    private static bool IsSigned(string claims, string signature, byte[] secret) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Sign(claims, secret)), Encoding.UTF8.GetBytes(signature));

    // Only what was signed comes here, and only this class signs it.
    private static XetToken Parse(string[] claims) => claims is ["xet", var scope, var repo, var owner, var holder, var namespaces, var expires]
        ? new XetToken(
            Guid.ParseExact(repo, "N"), Guid.ParseExact(owner, "N"), Guid.ParseExact(holder, "N"), Enum.Parse<XetScope>(scope),
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(expires, CultureInfo.InvariantCulture)))
        {
            Namespaces = [.. namespaces.Split('-', StringSplitOptions.RemoveEmptyEntries).Select(id => Guid.ParseExact(id, "N"))],
        }
        : throw new FormatException("A Xet token was signed that has other parts.");

    private string Claims()
    {
        var namespaces = string.Join('-', Namespaces.Select(id => id.ToString("N")));
        return string.Create(CultureInfo.InvariantCulture, $"xet.{Scope}.{RepoId:N}.{OwnerId:N}.{HolderId:N}.{namespaces}.{ExpiresAt.ToUnixTimeSeconds()}");
    }

    private static string Sign(string claims, byte[] secret) => Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(claims)));
}

/// <summary>What a Xet token is good for. Who may write may read.</summary>
internal enum XetScope
{
    Read,
    Write,
}
