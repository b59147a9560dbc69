using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>A value that a program shows in place of a person's password.</summary>
internal sealed class AccessToken
{
    public const string Prefix = "hf_";

    private const int LongestName = 100;
    private const int LongestValue = 200;

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    public required string Name { get; set; }

    public required string LoweredName { get; set; }

    /// <summary>SHA-256 of the value, in hex.</summary>
    public required string Hash { get; init; }

    /// <summary>The value's last four characters, by which its owner recognises it.</summary>
    public required string Last4 { get; init; }

    public required TokenScope Scope { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Written at most once a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Not good from then on; absent for never.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Ranges that it is good from, with blanks between; absent for anywhere.</summary>
    public string? Addresses { get; set; }

    /// <summary>What hub clients call the scope.</summary>
    public string Role => Scope.HasFlag(TokenScope.Write) ? "write" : "read";

    public static AccessToken Issue(Guid userId, NewToken token, string value, TimeProvider clock)
    {
        var name = token.Name.Trim();
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
        {
            throw new Refusal(IdentityRefusals.InvalidName, $"Give the token a name of at most {LongestName} characters.") { Param = "name" };
        }

        if (!IsWellFormed(value))
        {
            throw new Refusal(RefusalCode.Unprocessable, "A token's value is 'hf_' and at least 4 letters, digits, '_' or '-'.") { Param = "value" };
        }

        return new AccessToken
        {
            Id = PublicId.New(clock),
            UserId = userId,
            Name = name,
            LoweredName = name.ToLowerInvariant(),
            Hash = Secret.Hash(value),
            Last4 = value[^4..],
            Scope = token.Scope.HasFlag(TokenScope.Write) ? token.Scope | TokenScope.Read : token.Scope,
            CreatedAt = clock.GetUtcNow(),
        };
    }

    /// <summary>Gives its name to another.</summary>
    public void Rename(string name)
    {
        Name = name;
        LoweredName = name.ToLowerInvariant();
    }

    private static bool IsWellFormed(string value) =>
        value.StartsWith(Prefix, StringComparison.Ordinal) && value.Length - Prefix.Length is >= 4 and <= LongestValue
        && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
