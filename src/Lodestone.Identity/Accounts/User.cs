namespace Lodestone.Identity;

/// <summary>A person. Has the id of the namespace that carries the name.</summary>
internal sealed class User
{
    public required Guid Id { get; init; }

    /// <summary>As typed.</summary>
    public required string Email { get; set; }

    public required string LoweredEmail { get; set; }

    /// <summary>Shown to be theirs, by somebody who reads its mail or an administrator's word.</summary>
    public required bool EmailVerified { get; set; }

    /// <summary>In the framework's format; absent for those who have no password.</summary>
    public string? PasswordHash { get; private set; }

    /// <summary>Operates the instance.</summary>
    public required bool IsAdministrator { get; init; }

    /// <summary>Another address, of which nobody knows yet whose it is.</summary>
    public void ChangeEmail(string address) => (Email, LoweredEmail, EmailVerified) = (address, EmailAddress.Lower(address), false);

    public void VerifyEmail() => EmailVerified = true;

    public void SetPassword(string hash) => PasswordHash = hash;
}
