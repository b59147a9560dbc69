using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>A program that asks people for access in their name.</summary>
internal sealed class OauthApp
{
    /// <summary>The program that <c>hf auth login</c> of huggingface_hub says it is; the schema has it.</summary>
    public const string CommandLineClientId = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

    public required Guid Id { get; init; }

    public required string ClientId { get; init; }

    public required string Name { get; set; }

    /// <summary>JSON array of addresses.</summary>
    public required string RedirectUris { get; set; }

    /// <summary>May go without a secret of its own: it runs where people could read one. It proves by PKCE that it asked.</summary>
    public required bool IsPublic { get; init; }

    /// <summary>The user or organization whose app it is; null where an operator or the app itself registered it.</summary>
    public Guid? OwnerId { get; init; }

    public string? SecretHash { get; private set; }

    /// <summary>The secret's last four characters, by which its owner recognises it.</summary>
    public string? SecretLast4 { get; private set; }

    /// <summary>All that it may ask for, and what it gets when it asks for nothing in particular.</summary>
    public required TokenScope Scope { get; set; }

    public string? Website { get; set; }

    /// <summary>Nobody vouches for its name.</summary>
    public bool IsSelfRegistered { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public IReadOnlyList<string> Redirects => JsonSerializer.Deserialize<List<string>>(RedirectUris) ?? [];

    /// <summary>Replaces the secret.</summary>
    /// <param name="value">Chosen by an operator; random when absent.</param>
    /// <returns>The value, which cannot be had again.</returns>
    public string SetSecret(string? value = null)
    {
        value ??= Secret.New("hf_app_secret_");
        (SecretHash, SecretLast4) = (Secret.Hash(value), value[^4..]);
        return value;
    }
}

internal static class OauthAppQueries
{
    /// <summary>Those that the caller may change: of namespaces that they administer.</summary>
    public static IQueryable<OauthApp> VisibleTo(this IQueryable<OauthApp> apps, Caller caller)
    {
        var administered = caller.Roles.Keys.Where(id => caller.CanAdminister(id)).ToList();
        return apps.Where(a => a.OwnerId != null && administered.Contains(a.OwnerId.Value));
    }
}
