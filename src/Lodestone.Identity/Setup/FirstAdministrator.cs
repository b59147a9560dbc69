using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>
/// While a server has no administrator, whoever holds the link that it printed at start may become one. There is no default
/// password. A new start makes a new link, and the first administrator voids it, however made.
/// </summary>
public sealed partial class FirstAdministrator
{
    private readonly IdentityDb _db;
    private readonly Accounts _accounts;
    private readonly TimeProvider _clock;
    private readonly ILogger<FirstAdministrator> _log;

    internal FirstAdministrator(IdentityDb db, Accounts accounts, TimeProvider clock, ILogger<FirstAdministrator> log)
    {
        _db = db;
        _accounts = accounts;
        _clock = clock;
        _log = log;
    }

    /// <summary>A fresh link, which voids the one before; <see langword="null"/> when there is an administrator.</summary>
    /// <param name="serverUrl">Where people reach this server.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<Uri?> LinkAsync(Uri serverUrl, CancellationToken cancel)
    {
        if (await _db.Users.AnyAsync(u => u.IsAdministrator, cancel))
        {
            return null;
        }

        var secret = Secret.New("");
        var now = _clock.GetUtcNow();
        await _db.WriteAsync(
            async inTransaction =>
            {
                await _db.SetupLinks.ExecuteDeleteAsync(inTransaction);
                _db.SetupLinks.Add(new SetupLink { Id = Guid.CreateVersion7(now), Hash = Secret.Hash(secret), CreatedAt = now });
                return await _db.SaveChangesAsync(inTransaction);
            },
            cancel);
        return new Uri(serverUrl, $"/setup/{secret}");
    }

    /// <summary>Whether the link still works.</summary>
    internal async Task<bool> IsOpenAsync(string secret, CancellationToken cancel)
    {
        var hash = Secret.Hash(secret);
        return await _db.SetupLinks.AnyAsync(l => l.Hash == hash, cancel) && !await _db.Users.AnyAsync(u => u.IsAdministrator, cancel);
    }

    /// <summary>Makes the administrator and voids the link, in one transaction: of two who use it at once, one succeeds.</summary>
    /// <exception cref="Refusal"><c>link_used</c>; or what <see cref="Accounts.CreateUserAsync"/> refuses.</exception>
    internal async Task<Guid> CreateAsync(string secret, NewUser user, CancellationToken cancel)
    {
        var hash = Secret.Hash(secret);
        var id = await _db.WriteAsync(
            async inTransaction =>
            {
                if (await _db.SetupLinks.AsNoTracking().SingleOrDefaultAsync(l => l.Hash == hash, inTransaction) is not { } link)
                {
                    throw Used();
                }

                await _db.LockAsync<SetupLink>(link.Id, inTransaction);
                var isGone = await _db.SetupLinks.Where(l => l.Id == link.Id).ExecuteDeleteAsync(inTransaction) == 0;
                if (isGone || await _db.Users.AnyAsync(u => u.IsAdministrator, inTransaction))
                {
                    throw Used();
                }

                return await _accounts.CreateUserAsync(user with { IsAdministrator = true }, inTransaction);
            },
            cancel);
        Created(_log, id);
        return id;
    }

    internal static Refusal Used() =>
        new(IdentityRefusals.LinkUsed, "This link does not work any more: it was used, or the server was started again. Sign in, or take the newest link from the server's output.");

    [LoggerMessage(Level = LogLevel.Information, Message = "User {UserId} was made the first administrator")]
    private static partial void Created(ILogger log, Guid userId);
}
