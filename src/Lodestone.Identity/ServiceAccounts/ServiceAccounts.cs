using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>An organization's service accounts and their tokens, which its administrators make and take away.</summary>
internal sealed partial class ServiceAccounts(IdentityDb db, Namespaces namespaces, Credentials credentials, Caller caller, TimeProvider clock, ILogger<ServiceAccounts> log)
{
    private const int LongestTokenName = 100;

    /// <summary>The organization, for one of its administrators.</summary>
    /// <exception cref="Refusal"><c>not_found</c> or <c>forbidden</c>.</exception>
    public async Task<Namespace> RequireAsync(string organization, CancellationToken cancel)
    {
        var found = await namespaces.FindAsync(organization, cancel) is { IsOrganization: true } named
            ? named
            : throw new Refusal(RefusalCode.NotFound, $"There is no organization named {organization}.");
        return caller.Authenticated().CanAdminister(found.Id)
            ? found
            : throw new Refusal(RefusalCode.Forbidden, $"Only admins of {found.Name} look after its service accounts.");
    }

    /// <summary>Those in use, by name, each with its live tokens, newest first.</summary>
    public async Task<IReadOnlyList<(ServiceAccount Account, IReadOnlyList<ServiceToken> Tokens)>> ListAsync(Guid organizationId, CancellationToken cancel)
    {
        var accounts = await db.ServiceAccounts.AsNoTracking().Of(organizationId).OrderBy(a => a.LoweredName).ToListAsync(cancel);
        var ids = accounts.Select(a => a.Id).ToList();
        var tokens = await db.ServiceTokens.AsNoTracking().Where(t => ids.Contains(t.AccountId) && t.RevokedAt == null).OrderByDescending(t => t.CreatedAt).ToListAsync(cancel);
        return [.. accounts.Select(a => (a, (IReadOnlyList<ServiceToken>)[.. tokens.Where(t => t.AccountId == a.Id)]))];
    }

    /// <exception cref="Refusal"><c>conflict</c> when the name is taken; what is wrong with the account.</exception>
    public async Task<ServiceAccount> CreateAsync(Namespace organization, NewServiceAccount wanted, CancellationToken cancel)
    {
        var account = ServiceAccount.Of(organization.Id, wanted, caller.MayChange().Id, clock);
        db.ServiceAccounts.Add(account);
        if (!await db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"{organization.Name} has a service account named {wanted.Name} already. Choose another name.") { Param = "name" };
        }

        Created(log, account.Id, organization.Id, account.Role, caller.Id);
        return account;
    }

    /// <summary>Ends it and all its tokens. What it did keeps its name.</summary>
    /// <returns>False when the organization has no such account.</returns>
    public async Task<bool> CloseAsync(Namespace organization, Guid accountId, CancellationToken cancel)
    {
        caller.MayChange();
        var now = clock.GetUtcNow();
        var isClosed = await db.WriteAsync(
            async inner =>
            {
                await db.ServiceTokens.Where(t => t.AccountId == accountId && t.RevokedAt == null && db.ServiceAccounts.Of(organization.Id).Any(a => a.Id == accountId))
                    .ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), inner);
                return await db.ServiceAccounts.Of(organization.Id).Where(a => a.Id == accountId).ExecuteUpdateAsync(a => a.SetProperty(x => x.ClosedAt, now), inner) == 1;
            },
            cancel);
        credentials.Forget();
        if (isClosed)
        {
            Closed(log, accountId, caller.Id);
        }

        return isClosed;
    }

    /// <returns>The token's value, which cannot be had again.</returns>
    /// <exception cref="Refusal"><c>not_found</c>, <c>invalid_name</c>, or <c>unprocessable</c>.</exception>
    public async Task<string> IssueAsync(Namespace organization, Guid accountId, NewServiceToken wanted, CancellationToken cancel)
    {
        var account = await db.ServiceAccounts.AsNoTracking().Of(organization.Id).SingleOrDefaultAsync(a => a.Id == accountId, cancel)
            ?? throw new Refusal(RefusalCode.NotFound, $"{organization.Name} has no such service account.");
        var name = wanted.Name.Trim();
        if (name.Length is 0 or > LongestTokenName || name.Any(char.IsControl))
        {
            throw new Refusal(IdentityRefusals.InvalidName, $"Give the token a name of at most {LongestTokenName} characters.") { Param = "name" };
        }

        var value = Secret.New(AccessToken.Prefix);
        var token = new ServiceToken
        {
            Id = PublicId.New(clock),
            AccountId = account.Id,
            Name = name,
            Hash = Secret.Hash(value),
            Last4 = value[^4..],
            Scope = TokenApi.ScopeOf(wanted.Role, inference: false), // calls of models are charged to people
            CreatedBy = caller.MayChange().Id,
            CreatedAt = clock.GetUtcNow(),
        };
        db.ServiceTokens.Add(token);
        await db.SaveChangesAsync(cancel);
        Issued(log, token.Id, account.Id, token.Scope, caller.Id);
        return value;
    }

    /// <returns>False when the account has no such token.</returns>
    public async Task<bool> RevokeAsync(Namespace organization, Guid accountId, Guid tokenId, CancellationToken cancel)
    {
        caller.MayChange();
        var now = clock.GetUtcNow();
        var live = db.ServiceTokens.Where(t => t.Id == tokenId && t.AccountId == accountId && t.RevokedAt == null && db.ServiceAccounts.Of(organization.Id).Any(a => a.Id == accountId));
        var isRevoked = await db.WriteAsync(inner => live.ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), inner), cancel) == 1;
        credentials.Forget();
        if (isRevoked)
        {
            Revoked(log, tokenId, caller.Id);
        }

        return isRevoked;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Service account {AccountId} of organization {OrganizationId} was created as {Role} by user {UserId}")]
    private static partial void Created(ILogger log, Guid accountId, Guid organizationId, NamespaceRole role, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Service account {AccountId} was closed by user {UserId}")]
    private static partial void Closed(ILogger log, Guid accountId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Token {TokenId} was issued to service account {AccountId} with scope {Scope} by user {UserId}")]
    private static partial void Issued(ILogger log, Guid tokenId, Guid accountId, TokenScope scope, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Token {TokenId} of a service account was revoked by user {UserId}")]
    private static partial void Revoked(ILogger log, Guid tokenId, Guid userId);
}

/// <param name="Role"><c>read</c> or <c>write</c>; what the account's own role allows is all that it can do.</param>
internal sealed record NewServiceToken(string Name, string Role = "read");

internal static class ServiceAccountQueries
{
    /// <summary>An organization's accounts that are in use.</summary>
    public static IQueryable<ServiceAccount> Of(this IQueryable<ServiceAccount> accounts, Guid organizationId) =>
        accounts.Where(a => a.OrganizationId == organizationId && a.ClosedAt == null);
}
