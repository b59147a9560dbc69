using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>A program that belongs to an organization: it cannot sign in, and has a role there and nowhere else.</summary>
internal sealed class ServiceAccount
{
    private const int LongestDescription = 300;

    public required Guid Id { get; init; }

    public required Guid OrganizationId { get; init; }

    /// <summary>Unique among those in use in its organization.</summary>
    public required string Name { get; init; }

    public required string LoweredName { get; init; }

    public required string Description { get; init; }

    /// <summary>Never admin: an organization is administered by people.</summary>
    public required NamespaceRole Role { get; init; }

    public required Guid CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it is in use.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <exception cref="Refusal"><c>invalid_name</c> or <c>unprocessable</c>.</exception>
    public static ServiceAccount Of(Guid organizationId, NewServiceAccount wanted, Guid createdBy, TimeProvider clock)
    {
        AccountName.Check(wanted.Name);
        var role = RoleNames.Parse(wanted.Role);
        if (role is NamespaceRole.Admin)
        {
            throw new Refusal(RefusalCode.Unprocessable, "A service account is read, contributor or write: only people administer an organization.") { Param = "role" };
        }

        if (wanted.Description.Length > LongestDescription)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Describe the service account in at most {LongestDescription} characters.") { Param = "description" };
        }

        return new ServiceAccount
        {
            Id = PublicId.New(clock),
            OrganizationId = organizationId,
            Name = wanted.Name,
            LoweredName = wanted.Name.ToLowerInvariant(),
            Description = wanted.Description.Trim(),
            Role = role,
            CreatedBy = createdBy,
            CreatedAt = clock.GetUtcNow(),
        };
    }
}

/// <param name="Role"><c>read</c>, <c>contributor</c> or <c>write</c>.</param>
internal sealed record NewServiceAccount(string Name, string Role = "read", string Description = "");

/// <summary>What a service account proves itself by.</summary>
internal sealed class ServiceToken
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string Name { get; init; }

    /// <summary>SHA-256 of the value, in hex.</summary>
    public required string Hash { get; init; }

    /// <summary>The value's last four characters.</summary>
    public required string Last4 { get; init; }

    public required TokenScope Scope { get; init; }

    public required Guid CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Written at most once a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public string Role => Scope.HasFlag(TokenScope.Write) ? "write" : "read";
}
