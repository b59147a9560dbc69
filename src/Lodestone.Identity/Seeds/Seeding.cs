using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>
/// Makes the accounts of a seed file, all of them or none. What is there already stays as it is, so applying a file again changes
/// nothing (except that sessions live for another 30 days).
/// </summary>
public sealed partial class Seeding
{
    private const int ShortestSecret = 10;

    private readonly IdentityDb _db;
    private readonly Accounts _accounts;
    private readonly Credentials _credentials;
    private readonly TimeProvider _clock;
    private readonly ILogger<Seeding> _log;

    internal Seeding(IdentityDb db, Accounts accounts, Credentials credentials, TimeProvider clock, ILogger<Seeding> log)
    {
        _db = db;
        _accounts = accounts;
        _credentials = credentials;
        _clock = clock;
        _log = log;
    }

    /// <exception cref="Refusal"><c>invalid_seed</c>; the message names the place in the file.</exception>
    public async Task ApplyAsync(string path, CancellationToken cancel)
    {
        var seed = await SeedFile.ReadAsync(path, cancel);
        await _db.WriteAsync(
            async inTransaction =>
            {
                await AddUsersAsync(seed, inTransaction);
                await AddOrganizationsAsync(seed, inTransaction);
                await AddOauthAppsAsync(seed, inTransaction);
                return true;
            },
            cancel);
        _credentials.Forget();
        Applied(_log, seed.Users.Count, seed.Organizations.Count);
    }

    private async Task AddUsersAsync(SeedFile seed, CancellationToken cancel)
    {
        for (var i = 0; i < seed.Users.Count; i++)
        {
            var user = seed.Users[i];
            var at = $"$.users[{i}]";
            var userId = await PutUserAsync(user, at, cancel);
            for (var t = 0; t < user.Tokens.Count; t++)
            {
                await PutTokenAsync(userId, user.Tokens[t], $"{at}.tokens[{t}]", cancel);
            }

            for (var s = 0; s < user.Sessions.Count; s++)
            {
                await PutSessionAsync(userId, user.Sessions[s], $"{at}.sessions[{s}]", cancel);
            }
        }
    }

    private async Task<Guid> PutUserAsync(SeededUser user, string at, CancellationToken cancel)
    {
        Guid? id = null;
        if (user.Id is not null)
        {
            id = PublicId.TryParseHub(user.Id, out var given) ? given : throw SeedFile.Refused($"{at}.id is '{user.Id}' but must be 24 hex digits");
        }

        if (await _db.Namespaces.Named(user.Name).SingleOrDefaultAsync(cancel) is { } there)
        {
            return !there.IsOrganization && (id is null || id == there.Id)
                ? there.Id
                : throw SeedFile.Refused($"{at}: the name '{user.Name}' already belongs to {(there.IsOrganization ? "an organization" : $"the user {PublicId.ToHub(there.Id)}")}");
        }

        return await TryAsync(
            at,
            "another account has this id or this verified e-mail address",
            () =>
            {
                AccountName.CheckSeeded(user.Name);
                return _accounts.Add(new NewUser
                {
                    Id = id,
                    Name = user.Name,
                    FullName = user.FullName,
                    Email = user.Email,
                    EmailVerified = user.EmailVerified,
                    Password = user.Password,
                    IsAdministrator = user.Admin,
                    AvatarUrl = user.AvatarUrl,
                    Website = user.Website,
                });
            },
            cancel);
    }

    private async Task PutTokenAsync(Guid userId, SeededToken token, string at, CancellationToken cancel)
    {
        var hash = Secret.Hash(token.Value);
        if (await _db.Tokens.Where(t => t.Hash == hash).Select(t => (Guid?)t.UserId).SingleOrDefaultAsync(cancel) is { } owner)
        {
            if (owner != userId)
            {
                throw SeedFile.Refused($"{at}.value already belongs to another user");
            }

            return;
        }

        await TryAsync(
            at,
            $"the user already has another token named '{token.Name}'",
            () =>
            {
                var scope = TokenApi.ScopeOf(token.Role, inference: true);
                _db.Tokens.Add(AccessToken.Issue(userId, new NewToken(token.Name, scope), token.Value, _clock));
                return true;
            },
            cancel);
    }

    private async Task PutSessionAsync(Guid userId, SeededSession session, string at, CancellationToken cancel)
    {
        if (session.Value.Length == 0)
        {
            throw SeedFile.Refused($"{at}.value is empty");
        }

        var now = _clock.GetUtcNow();
        var hash = Secret.Hash(session.Value);
        if (await _db.Sessions.AsNoTracking().SingleOrDefaultAsync(s => s.Hash == hash, cancel) is { } there)
        {
            if (there.UserId != userId)
            {
                throw SeedFile.Refused($"{at}.value already belongs to another user");
            }

            await _db.Sessions.Where(s => s.Id == there.Id).ExecuteUpdateAsync(s => s.SetProperty(x => x.ExpiresAt, now + Session.Lifetime), cancel);
            return;
        }

        _db.Sessions.Add(new Session { Id = Guid.CreateVersion7(now), UserId = userId, Hash = hash, CreatedAt = now, ExpiresAt = now + Session.Lifetime });
        await _db.SaveChangesAsync(cancel);
    }

    private async Task AddOrganizationsAsync(SeedFile seed, CancellationToken cancel)
    {
        for (var i = 0; i < seed.Organizations.Count; i++)
        {
            var organization = seed.Organizations[i];
            var at = $"$.organizations[{i}]";
            var id = await PutOrganizationAsync(organization, at, cancel);
            for (var m = 0; m < organization.Members.Count; m++)
            {
                await PutMemberAsync(id, organization.Members[m], $"{at}.members[{m}]", cancel);
            }
        }
    }

    private async Task<Guid> PutOrganizationAsync(SeededOrganization organization, string at, CancellationToken cancel)
    {
        if (organization.DefaultVisibility is not ("public" or "private"))
        {
            throw SeedFile.Refused($"{at}.defaultVisibility is '{organization.DefaultVisibility}' but must be 'public' or 'private'");
        }

        if (await _db.Namespaces.Named(organization.Name).SingleOrDefaultAsync(cancel) is { } there)
        {
            return there.IsOrganization ? there.Id : throw SeedFile.Refused($"{at}: the name '{organization.Name}' already belongs to a user");
        }

        return await TryAsync(
            at,
            "the name is taken",
            () =>
            {
                AccountName.CheckSeeded(organization.Name);
                return _accounts.Add(new NewOrganization(organization.Name, organization.FullName, organization.DefaultVisibility is "private"));
            },
            cancel);
    }

    private async Task PutMemberAsync(Guid organizationId, SeededMember member, string at, CancellationToken cancel)
    {
        var user = await _db.Namespaces.Named(member.User).SingleOrDefaultAsync(cancel) is { IsOrganization: false } found
            ? found
            : throw SeedFile.Refused($"{at}.user is '{member.User}', but there is no such user");
        if (await _db.Members.AnyAsync(m => m.OrganizationId == organizationId && m.UserId == user.Id, cancel))
        {
            return;
        }

        await TryAsync(
            at,
            "the user is already a member",
            () =>
            {
                _db.Members.Add(new Member { OrganizationId = organizationId, UserId = user.Id, Role = RoleNames.Parse(member.Role), CreatedAt = _clock.GetUtcNow() });
                _db.Publish(new MembershipChanged(organizationId, user.Id, From: null, RoleNames.Parse(member.Role), _clock.GetUtcNow()));
                return true;
            },
            cancel);
    }

    private async Task AddOauthAppsAsync(SeedFile seed, CancellationToken cancel)
    {
        for (var i = 0; i < seed.OauthApps.Count; i++)
        {
            var app = seed.OauthApps[i];
            if (app.ClientId.Length == 0 || app.RedirectUris.FirstOrDefault(uri => !Uri.IsWellFormedUriString(uri, UriKind.Absolute)) is not null)
            {
                throw SeedFile.Refused($"$.oauthApps[{i}] needs a clientId and absolute redirectUris");
            }

            if (app.Secret is { Length: < ShortestSecret })
            {
                throw SeedFile.Refused($"$.oauthApps[{i}].secret has fewer than {ShortestSecret} characters");
            }

            if (await _db.OauthApps.AnyAsync(a => a.ClientId == app.ClientId, cancel))
            {
                continue;
            }

            var row = new OauthApp
            {
                Id = PublicId.New(_clock),
                ClientId = app.ClientId,
                Name = app.Name,
                RedirectUris = JsonSerializer.Serialize(app.RedirectUris),
                IsPublic = app.Public,
                Scope = TokenScopes.Every,
                CreatedAt = _clock.GetUtcNow(),
            };
            if (app.Secret is not null)
            {
                row.SetSecret(app.Secret);
            }

            _db.OauthApps.Add(row);
            await _db.SaveChangesAsync(cancel);
        }
    }

    // Gives refusals, and losses at a unique key, the place in the file.
    private async Task<T> TryAsync<T>(string at, string duplicate, Func<T> add, CancellationToken cancel)
    {
        T added;
        try
        {
            added = add();
        }
        catch (Refusal refusal)
        {
            throw SeedFile.Refused($"{at}: {refusal.Message.TrimEnd('.')}");
        }

        return await _db.TrySaveAsync(cancel) ? added : throw SeedFile.Refused($"{at}: {duplicate}");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The seed file was applied: {Users} users, {Organizations} organizations")]
    private static partial void Applied(ILogger log, int users, int organizations);
}
