using Lodestone.Core;
using Microsoft.AspNetCore.Identity;

namespace Lodestone.Identity;

/// <summary>Hashes passwords with the framework's hasher (PBKDF2, HMAC-SHA-512, salted).</summary>
internal sealed class Passwords
{
    public const int Shortest = 10;

    private const int Longest = 200;

    private readonly PasswordHasher<Passwords> _hasher = new();

    // What is checked when there is no such user, so that the time of an answer does not tell who exists.
    private readonly Lazy<string> _nobodys;

    public Passwords() => _nobodys = new(() => Hash(Secret.New("")));

    /// <exception cref="Refusal"><c>weak_password</c>.</exception>
    public static void Check(string password)
    {
        if (password.Length is < Shortest or > Longest)
        {
            throw new Refusal(IdentityRefusals.WeakPassword, $"Choose a password of {Shortest} to {Longest} characters.") { Param = "password" };
        }
    }

    public string Hash(string password) => _hasher.HashPassword(this, password);

    /// <summary>Whether the password is the user's. Takes as long for nobody as for somebody.</summary>
    public bool Verify(User? user, string password, out bool isOutdated)
    {
        var result = _hasher.VerifyHashedPassword(this, user?.PasswordHash ?? _nobodys.Value, password);
        isOutdated = result is PasswordVerificationResult.SuccessRehashNeeded;
        return user?.PasswordHash is not null && result is not PasswordVerificationResult.Failed;
    }
}
