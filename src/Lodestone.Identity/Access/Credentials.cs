using System.Collections.Concurrent;
using System.Net;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Identity;

/// <summary>
/// Finds who stands behind a token or a session. Remembers for five seconds: a revocation counts from the next request on this
/// server (<see cref="Forget"/>) and within five seconds on others.
/// </summary>
internal sealed class Credentials(IServiceScopeFactory scopes, AccessChanges changes, TimeProvider clock)
{
    private const int MostRemembered = 20_000;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Remembered> _known = new(StringComparer.Ordinal);

    // Rises with every change of a right. What was read before a change is not remembered after it.
    private long _generation;

    /// <summary><see langword="null"/> when the value is unknown or revoked.</summary>
    public async Task<Credential?> FindTokenAsync(string value, CancellationToken cancel) =>
        Unexpired(await FindAsync(Secret.Hash(value), value.StartsWith(OauthToken.Prefix, StringComparison.Ordinal) ? ReadOauthAsync : ReadTokenAsync, cancel));

    /// <summary><see langword="null"/> when the value is unknown or the session has ended.</summary>
    public async Task<Credential?> FindSessionAsync(string value, CancellationToken cancel) => Unexpired(await FindAsync(Secret.Hash(value), ReadSessionAsync, cancel));

    /// <summary>Called after every change of a token, a session, a membership or a user.</summary>
    public void Forget()
    {
        Interlocked.Increment(ref _generation);
        _known.Clear();
        changes.Note();
    }

    private Credential? Unexpired(Credential? found) => found is { ExpiresAt: null } || found?.ExpiresAt > clock.GetUtcNow() ? found : null;

    private async Task<Credential?> FindAsync(string hash, Func<IdentityDb, string, CancellationToken, Task<Credential?>> read, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var generation = Volatile.Read(ref _generation);
        if (_known.TryGetValue(hash, out var remembered) && remembered.Until > now && remembered.Generation == generation)
        {
            return remembered.Credential;
        }

        await using var scope = scopes.CreateAsyncScope();
        var found = await read(scope.ServiceProvider.GetRequiredService<IdentityDb>(), hash, cancel);
        if (found is not null)
        {
            Remember(hash, new Remembered(found, now + Memory, generation));
        }

        return found;
    }

    // Only what was found is remembered, so guessing does not fill the memory.
    private void Remember(string hash, Remembered remembered)
    {
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[hash] = remembered;
    }

    private static async Task<Credential?> ReadTokenAsync(IdentityDb db, string hash, CancellationToken cancel)
    {
        var token = await db.Tokens.AsNoTracking().SingleOrDefaultAsync(t => t.Hash == hash && t.RevokedAt == null, cancel);
        return token is null ? await ReadServiceTokenAsync(db, hash, cancel) : new Credential(await ReadCallerAsync(db, token.UserId, token.Id, token.Scope, cancel), token.ExpiresAt)
        {
            Addresses = [.. token.Addresses?.Split(' ').Select(IPNetwork.Parse) ?? []],
        };
    }

    private static async Task<Credential?> ReadServiceTokenAsync(IdentityDb db, string hash, CancellationToken cancel)
    {
        var found = await db.ServiceTokens.Where(t => t.Hash == hash && t.RevokedAt == null)
            .Join(db.ServiceAccounts.Where(a => a.ClosedAt == null), t => t.AccountId, a => a.Id, (t, a) => new { Token = t, Account = a })
            .Join(db.Namespaces, x => x.Account.OrganizationId, n => n.Id, (x, n) => new { x.Token, x.Account, Organization = n.Name })
            .AsNoTracking().SingleOrDefaultAsync(cancel);
        return found is null ? null : new Credential(
            new Caller
            {
                Id = found.Account.Id,
                Name = $"{found.Organization}/{found.Account.Name}", // no user's name has a slash
                Kind = CallerKind.ServiceAccount,
                Roles = new Dictionary<Guid, NamespaceRole> { [found.Account.OrganizationId] = found.Account.Role },
                Scope = found.Token.Scope,
                CredentialId = found.Token.Id,
            },
            ExpiresAt: null);
    }

    private static async Task<Credential?> ReadSessionAsync(IdentityDb db, string hash, CancellationToken cancel)
    {
        var session = await db.Sessions.AsNoTracking().SingleOrDefaultAsync(s => s.Hash == hash, cancel);
        return session is null ? null : new Credential(await ReadCallerAsync(db, session.UserId, session.Id, TokenScope.All, cancel), session.ExpiresAt);
    }

    // An app has the person's roles where they let it act, and in their own namespace.
    private static async Task<Credential?> ReadOauthAsync(IdentityDb db, string hash, CancellationToken cancel)
    {
        var found = await db.OauthTokens.AsNoTracking().Where(t => t.Hash == hash)
            .Join(db.OauthConsents, t => t.ConsentId, c => c.Id, (t, c) => new { Token = t, Consent = c })
            .Join(db.OauthApps, f => f.Consent.AppId, a => a.Id, (f, a) => new { f.Token, f.Consent, a.Scope })
            .SingleOrDefaultAsync(cancel);
        if (found is null)
        {
            return await ReadTokenAsync(db, hash, cancel); // somebody's own, whose value begins so
        }

        var shown = found.Consent.OrganizationIds.Append(found.Consent.UserId).ToHashSet();
        var whole = await ReadCallerAsync(db, found.Consent.UserId, found.Token.Id, found.Token.Scope & found.Scope, cancel);
        var caller = new Caller
        {
            Id = whole.Id,
            Name = whole.Name,
            Kind = whole.Kind,
            Roles = whole.Roles.Where(r => shown.Contains(r.Key)).ToDictionary(),
            Scope = whole.Scope,
            CredentialId = whole.CredentialId,
            AppId = found.Consent.AppId,
        };
        return new Credential(caller, found.Token.ExpiresAt);
    }

    private static async Task<Caller> ReadCallerAsync(IdentityDb db, Guid userId, Guid credentialId, TokenScope scope, CancellationToken cancel)
    {
        var user = await db.Users.Where(u => u.Id == userId)
            .Join(db.Namespaces, u => u.Id, n => n.Id, (u, n) => new { n.Name, u.IsAdministrator })
            .SingleAsync(cancel);
        var roles = await db.Members.Where(m => m.UserId == userId).ToDictionaryAsync(m => m.OrganizationId, m => m.Role, cancel);
        roles[userId] = NamespaceRole.Admin;
        return new Caller
        {
            Id = userId,
            Name = user.Name,
            Kind = CallerKind.User,
            Roles = roles,
            Scope = scope,
            CredentialId = credentialId,
            IsAdministrator = user.IsAdministrator && scope.HasFlag(TokenScope.Write),
        };
    }

    private sealed record Remembered(Credential Credential, DateTimeOffset Until, long Generation);
}

/// <param name="Caller">Whom the value makes its bearer.</param>
/// <param name="ExpiresAt">End of a session, of an app's token, or of a person's own where it has one.</param>
internal sealed record Credential(Caller Caller, DateTimeOffset? ExpiresAt)
{
    /// <summary>Where it is good from; empty for anywhere.</summary>
    public IReadOnlyList<IPNetwork> Addresses { get; init; } = [];

    public bool IsGoodFrom(IPAddress? address) =>
        Addresses.Count == 0 || (address is not null && Addresses.Any(network => network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)));
}
