using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>Makes users, organizations and access tokens: behind the pages, the command line, the seed file and the demo.</summary>
public sealed partial class Accounts
{
    private readonly IdentityDb _db;
    private readonly Passwords _passwords;
    private readonly Credentials _credentials;
    private readonly TimeProvider _clock;
    private readonly ILogger<Accounts> _log;

    internal Accounts(IdentityDb db, Passwords passwords, Credentials credentials, TimeProvider clock, ILogger<Accounts> log)
    {
        _db = db;
        _passwords = passwords;
        _credentials = credentials;
        _clock = clock;
        _log = log;
    }

    /// <returns>The user's id, which is also that of the namespace.</returns>
    /// <exception cref="Refusal"><c>conflict</c> when the name is taken; <c>invalid_name</c>, <c>invalid_email</c>, <c>weak_password</c>.</exception>
    public async Task<Guid> CreateUserAsync(NewUser user, CancellationToken cancel)
    {
        AccountName.Check(user.Name);
        var id = Add(user);
        await SaveNamedAsync(user.Name, cancel);
        UserCreated(_log, id, user.Name, user.IsAdministrator);
        return id;
    }

    /// <summary>Takes a user's e-mail address for theirs, on an administrator's word.</summary>
    /// <returns>The address.</returns>
    /// <exception cref="Refusal"><c>not_found</c>; <c>conflict</c> when another user has the address and has shown it.</exception>
    public async Task<string> VerifyEmailAsync(string name, CancellationToken cancel)
    {
        var user = await _db.Users.Join(_db.Namespaces.Named(name), u => u.Id, n => n.Id, (u, _) => u).SingleOrDefaultAsync(cancel)
            ?? throw new Refusal(RefusalCode.NotFound, $"There is no user '{name}'.");
        user.VerifyEmail();
        if (!await _db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"Another account has verified {user.Email}.");
        }

        EmailVerified(_log, user.Id);
        return user.Email;
    }

    /// <summary>Makes an organization whose only member so far is its maker, as admin.</summary>
    /// <exception cref="Refusal"><c>conflict</c> when the name is taken; <c>invalid_name</c>.</exception>
    public async Task<Guid> CreateOrganizationAsync(NewOrganization organization, Guid creatorId, CancellationToken cancel)
    {
        AccountName.Check(organization.Name);
        var id = Add(organization);
        _db.Members.Add(new Member { OrganizationId = id, UserId = creatorId, Role = NamespaceRole.Admin, CreatedAt = _clock.GetUtcNow() });
        _db.Publish(new MembershipChanged(id, creatorId, From: null, NamespaceRole.Admin, _clock.GetUtcNow()));
        await SaveNamedAsync(organization.Name, cancel);
        _credentials.Forget();
        OrganizationCreated(_log, id, organization.Name, creatorId);
        return id;
    }

    /// <summary>Gives a user a role in an organization, in place of the one held.</summary>
    /// <exception cref="Refusal"><c>last_admin</c> when nobody would be left to administer it.</exception>
    public async Task SetMemberAsync(Guid organizationId, Guid userId, NamespaceRole role, CancellationToken cancel)
    {
        await _db.WriteAsync(
            async inTransaction =>
            {
                await _db.LockAsync<Namespace>(organizationId, inTransaction); // two demotions at once: exactly one may take the last admin away
                var members = await _db.Members.Where(m => m.OrganizationId == organizationId).ToListAsync(inTransaction);
                if (role is not NamespaceRole.Admin && members.Exists(m => m.UserId == userId) && !members.Exists(m => m.Role is NamespaceRole.Admin && m.UserId != userId))
                {
                    throw new Refusal(IdentityRefusals.LastAdmin, "This member is the organization's last admin. Make somebody else admin first.");
                }

                Put(members.Find(m => m.UserId == userId), organizationId, userId, role);
                return await _db.SaveChangesAsync(inTransaction);
            },
            cancel);
        _credentials.Forget();
        MemberSet(_log, userId, organizationId, role);
    }

    /// <summary>Takes a user out of an organization.</summary>
    /// <returns>False when they are no member.</returns>
    /// <exception cref="Refusal"><c>last_admin</c> when nobody would be left to administer it.</exception>
    public async Task<bool> RemoveMemberAsync(Guid organizationId, Guid userId, CancellationToken cancel)
    {
        var isRemoved = await _db.WriteAsync(
            async inTransaction =>
            {
                await _db.LockAsync<Namespace>(organizationId, inTransaction); // as above
                var members = await _db.Members.Where(m => m.OrganizationId == organizationId).ToListAsync(inTransaction);
                if (members.Find(m => m.UserId == userId) is not { } leaving)
                {
                    return false;
                }

                if (leaving.Role is NamespaceRole.Admin && !members.Exists(m => m.Role is NamespaceRole.Admin && m.UserId != userId))
                {
                    throw new Refusal(IdentityRefusals.LastAdmin, "This member is the organization's last admin. Make somebody else admin first.");
                }

                _db.Members.Remove(leaving);
                _db.Publish(new MembershipChanged(organizationId, userId, leaving.Role, To: null, _clock.GetUtcNow()));
                return await _db.SaveChangesAsync(inTransaction) > 0;
            },
            cancel);
        _credentials.Forget();
        if (isRemoved)
        {
            MemberRemoved(_log, userId, organizationId);
        }

        return isRemoved;
    }

    /// <returns>The token's value: <c>hf_</c> and 34 characters. It cannot be had again.</returns>
    /// <exception cref="Refusal"><c>conflict</c> when the user has a live token of that name, or the value is known.</exception>
    public async Task<string> IssueTokenAsync(Guid userId, NewToken token, CancellationToken cancel)
    {
        var value = token.Value ?? Secret.New(AccessToken.Prefix);
        var issued = AccessToken.Issue(userId, token, value, _clock);
        _db.Tokens.Add(issued);
        if (!await _db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"There is already a token named '{issued.Name}'. Choose another name.") { Param = "name" };
        }

        TokenIssued(_log, issued.Id, userId, issued.Scope);
        return value;
    }

    /// <summary>Adds the rows; the caller saves.</summary>
    internal Guid Add(NewUser user)
    {
        EmailAddress.Check(user.Email);
        var id = user.Id ?? PublicId.New(_clock);
        var name = new Namespace(id, user.Name, user.FullName.Length == 0 ? user.Name : user.FullName, isOrganization: false, _clock.GetUtcNow())
        {
            AvatarUrl = user.AvatarUrl,
            Website = user.Website,
        };
        var row = new User
        {
            Id = id,
            Email = user.Email,
            LoweredEmail = EmailAddress.Lower(user.Email),
            EmailVerified = user.EmailVerified,
            IsAdministrator = user.IsAdministrator,
        };
        if (user.Password is { } password)
        {
            Passwords.Check(password);
            row.SetPassword(_passwords.Hash(password));
        }

        _db.Add(name);
        _db.Add(row);
        return id;
    }

    /// <summary>Adds the row; the caller saves.</summary>
    internal Guid Add(NewOrganization organization)
    {
        var id = PublicId.New(_clock);
        var fullName = organization.FullName.Length == 0 ? organization.Name : organization.FullName;
        _db.Add(new Namespace(id, organization.Name, fullName, isOrganization: true, _clock.GetUtcNow()) { PrivateByDefault = organization.PrivateByDefault });
        return id;
    }

    private void Put(Member? held, Guid organizationId, Guid userId, NamespaceRole role)
    {
        if (held?.Role == role)
        {
            return;
        }

        _db.Publish(new MembershipChanged(organizationId, userId, held?.Role, role, _clock.GetUtcNow()));
        if (held is not null)
        {
            held.Role = role;
            return;
        }

        _db.Members.Add(new Member { OrganizationId = organizationId, UserId = userId, Role = role, CreatedAt = _clock.GetUtcNow() });
    }

    private async Task SaveNamedAsync(string name, CancellationToken cancel)
    {
        if (await _db.TrySaveAsync(cancel))
        {
            return;
        }

        throw await _db.Namespaces.Named(name).AnyAsync(cancel)
            ? new Refusal(RefusalCode.Conflict, $"The name '{name}' is taken. Choose another.") { Param = "name" }
            : new Refusal(RefusalCode.Conflict, "Another account has this e-mail address. Sign in to it, or give another address.") { Param = "email" };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} was created as {Name}, administrator: {IsAdministrator}")]
    private static partial void UserCreated(ILogger log, Guid userId, string name, bool isAdministrator);

    [LoggerMessage(Level = LogLevel.Information, Message = "The e-mail address of user {UserId} was verified by an administrator")]
    private static partial void EmailVerified(ILogger log, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Organization {OrganizationId} was created as {Name} by user {UserId}")]
    private static partial void OrganizationCreated(ILogger log, Guid organizationId, string name, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} has in organization {OrganizationId} the role {Role}")]
    private static partial void MemberSet(ILogger log, Guid userId, Guid organizationId, NamespaceRole role);

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} is no member of organization {OrganizationId} any more")]
    private static partial void MemberRemoved(ILogger log, Guid userId, Guid organizationId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Token {TokenId} was issued to user {UserId} with scope {Scope}")]
    private static partial void TokenIssued(ILogger log, Guid tokenId, Guid userId, TokenScope scope);
}

/// <summary>Somebody to be made a user.</summary>
public sealed record NewUser
{
    /// <summary>A chosen id, one of <see cref="PublicId"/>'s; made when absent.</summary>
    public Guid? Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Empty: the name.</summary>
    public string FullName { get; init; } = "";

    public required string Email { get; init; }

    public bool EmailVerified { get; init; }

    /// <summary>At least ten characters; absent for somebody who only ever uses tokens.</summary>
    public string? Password { get; init; }

    public bool IsAdministrator { get; init; }

    public string? AvatarUrl { get; init; }

    public string? Website { get; init; }
}

/// <param name="Name">As in addresses.</param>
/// <param name="FullName">Empty: the name.</param>
/// <param name="PrivateByDefault">New repositories are private unless their maker says otherwise.</param>
public sealed record NewOrganization(string Name, string FullName = "", bool PrivateByDefault = false);

/// <param name="Name">What its owner calls it, unique among the owner's live tokens.</param>
/// <param name="Scope">Write includes read.</param>
/// <param name="Value">A chosen value, for seeded tokens; random when absent.</param>
public sealed record NewToken(string Name, TokenScope Scope, string? Value = null);
