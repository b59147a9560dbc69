namespace Lodestone.Identity;

/// <summary>Settings under <c>Identity</c>.</summary>
public sealed record IdentityOptions
{
    /// <summary>Lets programs register themselves as apps that people may sign in to, at <c>/oauth/register</c>; on unless given.</summary>
    public bool AppRegistration { get; init; } = true;
}
