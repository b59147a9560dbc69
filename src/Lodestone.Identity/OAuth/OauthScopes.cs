using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>The scopes in the words of the person who is asked.</summary>
internal static class OauthScopes
{
    private const TokenScope AboutOneself = TokenScope.OpenId | TokenScope.Profile | TokenScope.Email;

    /// <summary>Everything that an app may ask for, from the least to the most.</summary>
    public static IReadOnlyList<ScopeText> All { get; } =
    [
        new("openid", "Know that it is you", "An id that stays the same when your name changes.", "user"),
        new("profile", "See your profile", "Your name, picture and website, which everybody may see.", "user"),
        new("email", "See your e-mail address", "And whether it is verified.", "user"),
        new("read-memberships", "See all organizations you belong to", "With your role in each.", "users"),
        new("read-billing", "See usage and balance", "What you, and the organizations you choose, used and paid.", "wallet"),
        new("read-repos", "Read private repositories", "Yours, and those of the organizations you choose.", "lock"),
        new("gated-repos", "Read gated repositories", "Those whose owners gave you access.", "key"),
        new("read-collections", "See private collections", null, "book"),
        new("inference-api", "Call models in your name", "The calls count against your allowance and your credit.", "bolt"),
        new("write-discussions", "Take part in discussions", "Open pull requests and discussions, comment, react and like in your name.", "chat"),
        new("write-collections", "Make and change collections", null, "book"),
        new("contribute-repos", "Make repositories", "And read, change and delete those that it made itself.", "plus"),
        new("write-repos", "Change repositories", "Read and change the files of all that you may change.", "edit"),
        new("manage-repos", "Manage repositories", "Also create, rename, hide and delete them, and change their settings.", "settings"),
        new("webhooks", "Manage webhooks", "See, make and delete those that are yours.", "link"),
    ];

    public static IEnumerable<ScopeText> Of(TokenScope scopes) => All.Where(s => scopes.HasFlag(s.Scope));

    /// <summary>Whether it matters which organizations the app may act in.</summary>
    public static bool ReachOrganizations(TokenScope scopes) => (scopes & ~(AboutOneself | TokenScope.ReadMemberships)) != TokenScope.None;

    /// <summary>What is asked for; all that the app may have when it names nothing.</summary>
    /// <exception cref="Refusal"><c>invalid_scope</c>.</exception>
    public static TokenScope Asked(string? names, OauthApp app)
    {
        if (string.IsNullOrWhiteSpace(names))
        {
            return app.Scope;
        }

        if (!TokenScopes.TryParse(names, out var asked))
        {
            throw new Refusal(OauthRefusals.InvalidScope, "One of the scopes is not known here. Those that are: " + TokenScopes.Every.Names());
        }

        return app.Scope.HasFlag(asked)
            ? asked
            : throw new Refusal(OauthRefusals.InvalidScope, $"This app is not registered for the scope {(asked & ~app.Scope).Names()}. Its maker can change that.");
    }
}

/// <param name="Name">As clients send it.</param>
/// <param name="Title">What the app may do.</param>
/// <param name="Detail">What that includes, where it is not plain.</param>
internal sealed record ScopeText(string Name, string Title, string? Detail, string Icon)
{
    public TokenScope Scope { get; } = TokenScopes.OfApps.First(s => s.Name == Name).Scope;
}
