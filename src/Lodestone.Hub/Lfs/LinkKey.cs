using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>A secret that signs links. In the database, because every server must accept the others' links.</summary>
internal sealed class LinkKey
{
    public required Guid Id { get; init; }

    public required byte[] Secret { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The key that signs now. Read once; made when there is none.</summary>
internal sealed class LinkKeys(IServiceScopeFactory scopes, TimeProvider clock)
{
    // A fixed id makes two servers that start together agree on one key: the second insert fails and reads the first.
    private static readonly Guid First = new("00000000-0000-7000-8000-000000000001");

    private volatile byte[]? _secret;

    public async ValueTask<byte[]> CurrentAsync(CancellationToken cancel)
    {
        if (_secret is { } known)
        {
            return known;
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDb>();
        if (await FindAsync(db, cancel) is not { } secret)
        {
            db.LinkKeys.Add(new LinkKey { Id = First, Secret = RandomNumberGenerator.GetBytes(32), CreatedAt = clock.GetUtcNow() });
            await db.TrySaveAsync(cancel); // false: another server was first
            secret = await FindAsync(db, cancel) ?? throw new InvalidOperationException("The key that signs links cannot be stored.");
        }

        return _secret = secret;
    }

    private static Task<byte[]?> FindAsync(HubDb db, CancellationToken cancel) =>
        db.LinkKeys.AsNoTracking().OrderByDescending(k => k.CreatedAt).Select(k => k.Secret).FirstOrDefaultAsync(cancel);
}
