using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>What other modules must know of users who make no request just now: what they may see, where their mail goes.</summary>
public sealed class People
{
    private readonly IdentityDb _db;

    internal People(IdentityDb db) => _db = db;

    /// <summary>Those of the users that exist, as callers who may read what they may read and change nothing.</summary>
    public async Task<IReadOnlyDictionary<Guid, Caller>> ReadersAsync(IReadOnlyCollection<Guid> userIds, CancellationToken cancel)
    {
        var names = await _db.Users.Where(u => userIds.Contains(u.Id)).Join(_db.Namespaces, u => u.Id, n => n.Id, (_, n) => new { n.Id, n.Name }).ToListAsync(cancel);
        var roles = (await _db.Members.AsNoTracking().Where(m => userIds.Contains(m.UserId)).ToListAsync(cancel)).ToLookup(m => m.UserId);
        return names.ToDictionary(n => n.Id, n => new Caller
        {
            Id = n.Id,
            Name = n.Name,
            Kind = CallerKind.User,
            Roles = new Dictionary<Guid, NamespaceRole>(roles[n.Id].Select(m => KeyValuePair.Create(m.OrganizationId, m.Role))) { [n.Id] = NamespaceRole.Admin },
            Scope = TokenScope.Read,
        });
    }

    /// <summary>Who looks after a namespace: the user it is of, or the organization's admins.</summary>
    public async Task<IReadOnlyList<Guid>> AdministratorsAsync(Guid namespaceId, CancellationToken cancel) =>
        await _db.Users.AnyAsync(u => u.Id == namespaceId, cancel)
            ? [namespaceId]
            : await _db.Members.Where(m => m.OrganizationId == namespaceId && m.Role == NamespaceRole.Admin).Select(m => m.UserId).ToListAsync(cancel);

    /// <summary>Who operates the server.</summary>
    public async Task<IReadOnlyList<Guid>> OperatorsAsync(CancellationToken cancel) => await _db.Users.Where(u => u.IsAdministrator).Select(u => u.Id).ToListAsync(cancel);

    /// <summary>Whether somebody besides this user operates the server.</summary>
    public Task<bool> HasOtherOperatorAsync(Guid userId, CancellationToken cancel) => _db.Users.AnyAsync(u => u.IsAdministrator && u.Id != userId, cancel);

    /// <summary>The user's e-mail address and whether it is known to be theirs; null for somebody who is no user.</summary>
    public async Task<Mailbox?> MailboxAsync(Guid userId, CancellationToken cancel) =>
        await _db.Users.Where(u => u.Id == userId)
            .Join(_db.Namespaces, u => u.Id, n => n.Id, (u, n) => new Mailbox(u.Email, n.FullName, u.EmailVerified)).SingleOrDefaultAsync(cancel);
}

/// <param name="Address">As its owner typed it.</param>
/// <param name="FullName">Of the user.</param>
/// <param name="IsVerified">Somebody who reads its mail said so. Nothing is sent to other addresses: they may be strangers'.</param>
public sealed record Mailbox(string Address, string FullName, bool IsVerified);
