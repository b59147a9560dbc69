namespace Lodestone.Core;

/// <summary>The scopes of apps by the names that clients send (OAuth 2, RFC 6749 section 3.3), and what includes what.</summary>
public static class TokenScopes
{
    private const TokenScope OfReading = TokenScope.OpenId | TokenScope.Profile | TokenScope.Email | TokenScope.ReadMemberships | TokenScope.ReadBilling
        | TokenScope.ReadRepos | TokenScope.GatedRepos | TokenScope.ReadCollections;

    private const TokenScope OfWriting = TokenScope.ContributeRepos | TokenScope.WriteRepos | TokenScope.ManageRepos | TokenScope.WriteDiscussions
        | TokenScope.WriteCollections | TokenScope.Webhooks;

    /// <summary>All that an app may be allowed, from the least to the most.</summary>
    public static IReadOnlyList<(string Name, TokenScope Scope)> OfApps { get; } =
    [
        ("openid", TokenScope.OpenId),
        ("profile", TokenScope.Profile),
        ("email", TokenScope.Email),
        ("read-memberships", TokenScope.ReadMemberships),
        ("read-billing", TokenScope.ReadBilling),
        ("read-repos", TokenScope.ReadRepos),
        ("gated-repos", TokenScope.GatedRepos),
        ("read-collections", TokenScope.ReadCollections),
        ("inference-api", TokenScope.Inference),
        ("write-discussions", TokenScope.WriteDiscussions),
        ("write-collections", TokenScope.WriteCollections),
        ("contribute-repos", TokenScope.ContributeRepos),
        ("write-repos", TokenScope.WriteRepos),
        ("manage-repos", TokenScope.ManageRepos),
        ("webhooks", TokenScope.Webhooks),
    ];

    /// <summary>Every scope of <see cref="OfApps"/>.</summary>
    public static TokenScope Every { get; } = OfApps.Aggregate(TokenScope.None, (all, one) => all | one.Scope);

    /// <summary>Names, separated by spaces; <c>read</c> and <c>write</c> of a person's own token are none.</summary>
    public static string Names(this TokenScope scopes) => string.Join(' ', OfApps.Where(s => scopes.HasFlag(s.Scope)).Select(s => s.Name));

    /// <summary>Reads names separated by spaces; <see langword="false"/> when one is unknown.</summary>
    public static bool TryParse(string names, out TokenScope scopes)
    {
        var parts = names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        scopes = OfApps.Where(s => parts.Contains(s.Name, StringComparer.Ordinal)).Aggregate(TokenScope.None, (all, one) => all | one.Scope);
        return parts.All(part => OfApps.Any(s => s.Name == part));
    }

    /// <summary>With all that these include.</summary>
    public static TokenScope Whole(this TokenScope scopes)
    {
        scopes |= scopes.HasFlag(TokenScope.Read) ? OfReading : TokenScope.None;
        scopes |= scopes.HasFlag(TokenScope.Write) ? OfWriting : TokenScope.None;
        scopes |= scopes.HasFlag(TokenScope.ManageRepos) ? TokenScope.WriteRepos | TokenScope.ContributeRepos : TokenScope.None;
        scopes |= scopes.HasFlag(TokenScope.WriteRepos) ? TokenScope.ReadRepos : TokenScope.None;
        scopes |= scopes.HasFlag(TokenScope.WriteCollections) ? TokenScope.ReadCollections : TokenScope.None;
        return scopes;
    }

    /// <summary>What a credential is told that does not allow this (RFC 6750 section 3.1).</summary>
    public static Refusal Lacking(TokenScope scope) => scope.Names() is { Length: > 0 } names
        ? new Refusal(RefusalCode.InsufficientScope, $"This needs the scope {names}, which the token does not have. Have the app ask for it, or use a token of your own that may write.")
        {
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["WWW-Authenticate"] = $"Bearer error=\"insufficient_scope\", scope=\"{names}\"" },
        }
        : new Refusal(RefusalCode.InsufficientScope, "An app may not do this, whatever it was allowed. Sign in yourself, or use a token of your own.");
}
