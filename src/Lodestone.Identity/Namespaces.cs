using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>The names that begin every address: users and organizations, which share one name space compared without case.</summary>
public sealed class Namespaces
{
    private readonly IdentityDb _db;

    internal Namespaces(IdentityDb db) => _db = db;

    /// <summary>By name, in any case; <see langword="null"/> when nobody has it.</summary>
    public async Task<Namespace?> FindAsync(string name, CancellationToken cancel) => name.Contains('\0', StringComparison.Ordinal) // PostgreSQL takes no such text
        ? null
        : await _db.Namespaces.AsNoTracking().Named(name).SingleOrDefaultAsync(cancel);

    /// <summary>Those of the given names, in any case, that somebody has.</summary>
    public async Task<IReadOnlyList<Namespace>> ByNameAsync(IReadOnlyCollection<string> names, CancellationToken cancel)
    {
        var lowered = names.Select(Namespace.Lower).ToList();
        return lowered.Count == 0 ? [] : await _db.Namespaces.AsNoTracking().Where(n => lowered.Contains(n.LoweredName)).ToListAsync(cancel);
    }

    /// <summary>Those of the given that exist.</summary>
    public async Task<IReadOnlyDictionary<Guid, Namespace>> ByIdAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        await _db.Namespaces.AsNoTracking().Where(n => ids.Contains(n.Id)).ToDictionaryAsync(n => n.Id, cancel);

    /// <summary>E-mail addresses of users, where they are verified.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> VerifiedEmailsAsync(IReadOnlyCollection<Guid> userIds, CancellationToken cancel) =>
        await _db.Users.AsNoTracking().Where(u => userIds.Contains(u.Id) && u.EmailVerified).ToDictionaryAsync(u => u.Id, u => u.Email, cancel);

    /// <summary>Names of service accounts, closed ones too: <c>acme/ci</c>.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> ServiceAccountNamesAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        await _db.ServiceAccounts.AsNoTracking().Where(a => ids.Contains(a.Id))
            .Join(_db.Namespaces, a => a.OrganizationId, n => n.Id, (a, n) => new { a.Id, Name = n.Name + "/" + a.Name })
            .ToDictionaryAsync(a => a.Id, a => a.Name, cancel);

    /// <summary>Whose access tokens, live or not, these are: a user, or the organization of a service account.</summary>
    public async Task<IReadOnlyDictionary<Guid, Guid>> OwnersOfTokensAsync(IReadOnlyCollection<Guid> tokenIds, CancellationToken cancel)
    {
        var own = await _db.Tokens.AsNoTracking().Where(t => tokenIds.Contains(t.Id)).Select(t => new { t.Id, Owner = t.UserId }).ToListAsync(cancel);
        var service = await _db.ServiceTokens.AsNoTracking().Where(t => tokenIds.Contains(t.Id))
            .Join(_db.ServiceAccounts, t => t.AccountId, a => a.Id, (t, a) => new { t.Id, Owner = a.OrganizationId }).ToListAsync(cancel);
        return own.Concat(service).ToDictionary(t => t.Id, t => t.Owner);
    }

    /// <summary>Whose service accounts, closed ones too, these are.</summary>
    public async Task<IReadOnlyDictionary<Guid, Guid>> OwnersOfServiceAccountsAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        await _db.ServiceAccounts.AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, a => a.OrganizationId, cancel);

    /// <summary>Those whose name has the text, in any case, or whose full name has it as typed; the shortest names first.</summary>
    public async Task<FoundNamespaces> SearchAsync(string text, bool isOrganization, int limit, CancellationToken cancel)
    {
        var lowered = Namespace.Lower(text);
        var found = _db.Namespaces.AsNoTracking().Where(n => n.IsOrganization == isOrganization && (n.LoweredName.Contains(lowered) || n.FullName.Contains(text)));
        var some = await found.OrderBy(n => n.LoweredName.Length).ThenBy(n => n.LoweredName).Take(limit).ToListAsync(cancel);
        return new FoundNamespaces(some, some.Count < limit ? some.Count : await found.CountAsync(cancel));
    }

    /// <summary>Of an organization its members, of a user the organizations; by name, at most <paramref name="limit"/>.</summary>
    public async Task<IReadOnlyList<Namespace>> TiedToAsync(Namespace one, int limit, CancellationToken cancel)
    {
        var ids = one.IsOrganization
            ? _db.Members.Where(m => m.OrganizationId == one.Id).Select(m => m.UserId)
            : _db.Members.Where(m => m.UserId == one.Id).Select(m => m.OrganizationId);
        return await _db.Namespaces.AsNoTracking().Where(n => ids.Contains(n.Id)).OrderBy(n => n.LoweredName).Take(limit).ToListAsync(cancel);
    }
}

/// <param name="Total">Of all that fit.</param>
public sealed record FoundNamespaces(IReadOnlyList<Namespace> Some, int Total);

/// <summary>A user's or an organization's name, with what everybody may know of its owner.</summary>
public sealed class Namespace
{
    internal Namespace(Guid id, string name, string fullName, bool isOrganization, DateTimeOffset createdAt)
    {
        Id = id;
        Name = name;
        LoweredName = Lower(name);
        FullName = fullName;
        IsOrganization = isOrganization;
        CreatedAt = createdAt;
    }

    public Guid Id { get; private set; }

    /// <summary>As its owner writes it.</summary>
    public string Name { get; private set; }

    /// <summary>What people are shown; the name where none was given.</summary>
    public string FullName { get; private set; }

    public bool IsOrganization { get; private set; }

    /// <summary>New repositories are private unless their maker says otherwise.</summary>
    public bool PrivateByDefault { get; internal set; }

    /// <summary>A picture chosen by the owner, absolute or a path on this server.</summary>
    public string? AvatarUrl { get; internal set; }

    public string? Website { get; internal set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>What names are compared by.</summary>
    public string LoweredName { get; private set; }

    internal static string Lower(string name) => name.ToLowerInvariant();

    internal void Describe(string fullName, string? website)
    {
        FullName = fullName.Length == 0 ? Name : fullName;
        Website = website;
    }
}

internal static class NamespaceQueries
{
    public static IQueryable<Namespace> Named(this IQueryable<Namespace> namespaces, string name)
    {
        var lowered = Namespace.Lower(name);
        return namespaces.Where(n => n.LoweredName == lowered);
    }
}

internal static class RoleNames
{
    /// <summary><c>read</c>, <c>contributor</c>, <c>write</c> or <c>admin</c>.</summary>
    public static string ToWire(this NamespaceRole role) => role.ToString().ToLowerInvariant();

    /// <exception cref="Refusal">It is none of these.</exception>
    public static NamespaceRole Parse(string role) => role switch
    {
        "read" => NamespaceRole.Read,
        "contributor" => NamespaceRole.Contributor,
        "write" => NamespaceRole.Write,
        "admin" => NamespaceRole.Admin,
        _ => throw new Refusal(RefusalCode.Unprocessable, $"'{role}' is no role. Roles are read, contributor, write and admin.") { Param = "role" },
    };
}
