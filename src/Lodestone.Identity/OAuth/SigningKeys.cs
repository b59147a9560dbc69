using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Lodestone.Identity;

/// <summary>
/// The keys that sign ID tokens. The newest signs, and is replaced after 90 days; the ones before stay published for as long as what
/// they signed may be looked at. Servers on one database share them.
/// </summary>
internal sealed class SigningKeys(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int Bits = 2048;

    private static readonly TimeSpan Use = TimeSpan.FromDays(90);
    private static readonly TimeSpan Kept = Use + TimeSpan.FromDays(7);

    private readonly Dictionary<Guid, RsaSecurityKey> _read = []; // guarded by itself; a key's row never changes

    public async Task<SigningCredentials> CurrentAsync(CancellationToken cancel) =>
        new(await NewestAsync(cancel), SecurityAlgorithms.RsaSha256);

    /// <summary>The public halves, newest first; never none.</summary>
    public async Task<IReadOnlyList<PublicKey>> PublishedAsync(CancellationToken cancel)
    {
        await NewestAsync(cancel);
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        var since = clock.GetUtcNow() - Kept;
        var rows = await db.OauthKeys.AsNoTracking().Where(k => k.CreatedAt > since).OrderByDescending(k => k.CreatedAt).ToListAsync(cancel);
        return [.. rows.Select(row => PublicKey.Of(KeyOf(row)))];
    }

    private async Task<RsaSecurityKey> NewestAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        var now = clock.GetUtcNow();
        if (await db.OauthKeys.AsNoTracking().OrderByDescending(k => k.CreatedAt).FirstOrDefaultAsync(cancel) is { } newest && newest.CreatedAt + Use > now)
        {
            return KeyOf(newest);
        }

        // Two servers may make one each at once: both are published, so both are good.
        using var rsa = RSA.Create(Bits);
        var made = new OauthKey { Id = Guid.CreateVersion7(now), PrivateKey = Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()), CreatedAt = now };
        db.OauthKeys.RemoveRange(await db.OauthKeys.Where(k => k.CreatedAt < now - Kept).ToListAsync(cancel));
        db.OauthKeys.Add(made);
        await db.SaveChangesAsync(cancel);
        return KeyOf(made);
    }

    private RsaSecurityKey KeyOf(OauthKey row)
    {
        lock (_read)
        {
            if (!_read.TryGetValue(row.Id, out var key))
            {
                var rsa = RSA.Create(); // lives as long as the process, like the key
                rsa.ImportPkcs8PrivateKey(Convert.FromBase64String(row.PrivateKey), out _);
                _read[row.Id] = key = new RsaSecurityKey(rsa) { KeyId = row.Id.ToString("N") };
            }

            return key;
        }
    }
}

/// <summary>A key as it is stored.</summary>
internal sealed class OauthKey
{
    public required Guid Id { get; init; }

    /// <summary>PKCS #8 in base64. In the clear: whoever reads the database reads also whom it would speak for.</summary>
    public required string PrivateKey { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What others check signatures by (RFC 7517).</summary>
internal sealed record PublicKey(string Kid, string N, string E)
{
    public string Kty { get; } = "RSA";

    public string Use { get; } = "sig";

    public string Alg { get; } = SecurityAlgorithms.RsaSha256;

    public static PublicKey Of(RsaSecurityKey key)
    {
        var numbers = key.Rsa.ExportParameters(includePrivateParameters: false);
        return new PublicKey(key.KeyId, Base64UrlEncoder.Encode(numbers.Modulus), Base64UrlEncoder.Encode(numbers.Exponent));
    }
}
