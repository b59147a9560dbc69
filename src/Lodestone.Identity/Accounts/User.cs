namespace Lodestone.Identity;

/// <summary>A person. Has the id of the namespace that carries the name.</summary>
internal sealed class User
{
    public required Guid Id { get; init; }

    /// <summary>As typed.</summary>
    public required string Email { get; init; }

    public required string LoweredEmail { get; init; }

    public required bool EmailVerified { get; init; }

    /// <summary>In the framework's format; absent for those who have no password.</summary>
    public string? PasswordHash { get; private set; }

    /// <summary>Operates the instance.</summary>
    public required bool IsAdministrator { get; init; }

    public void SetPassword(string hash) => PasswordHash = hash;
}
