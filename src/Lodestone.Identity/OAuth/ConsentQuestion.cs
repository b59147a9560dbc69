using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Identity;

/// <summary>What a person is asked: may this app do this?</summary>
/// <param name="Before">What they allowed it earlier.</param>
/// <param name="Organizations">Those that they belong to.</param>
internal sealed record ConsentQuestion(OauthApp App, TokenScope Scope, OauthConsent? Before, IReadOnlyList<ConsentOrganization> Organizations)
{
    /// <summary>Organizations that the app would like to act in.</summary>
    public IReadOnlyList<Guid> Wanted { get; init; } = [];

    /// <summary>Where the answer goes.</summary>
    public string Address { get; init; } = "";

    /// <summary>Where the person goes on to, in words that they can check.</summary>
    public string Target { get; init; } = "";

    public bool IsKnown => Before?.Scope.HasFlag(Scope) is true;

    public bool IsChosen(Guid organizationId) => Before is null ? Wanted.Contains(organizationId) : Before.OrganizationIds.Contains(organizationId);
}

/// <summary>The fields of the form by which a person answers.</summary>
internal static class ConsentForm
{
    public const string Allow = "allow";
    public const string Deny = "deny";
    public const string Organizations = "organizations";

    /// <summary>Says that organizations could be chosen, so that none means none.</summary>
    public const string HasChoice = "choice";

    /// <summary>Those that are ticked; null where there was no choice.</summary>
    public static IReadOnlyList<Guid>? OrganizationsIn(IFormCollection form) => !form.ContainsKey(HasChoice)
        ? null
        : [.. form[Organizations].Select(id => PublicId.TryParseHub(id, out var found) ? found : Guid.Empty).Where(id => id != Guid.Empty)];
}
