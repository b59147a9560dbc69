using System.Globalization;
using System.Net;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>A person's access tokens as keys to call models with: good for a time, from some addresses, replaced without a gap.</summary>
public sealed partial class ApiKeys
{
    private const int MostAddresses = 32;

    private readonly IdentityDb _db;
    private readonly Credentials _credentials;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    internal ApiKeys(IdentityDb db, Credentials credentials, TimeProvider clock, ILogger<ApiKeys> log)
    {
        _db = db;
        _credentials = credentials;
        _clock = clock;
        _log = log;
    }

    /// <summary>What the caller calls their live tokens, by id.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(Caller caller, CancellationToken cancel) =>
        await _db.Tokens.AsNoTracking().VisibleTo(caller).OrderBy(t => t.LoweredName).ToDictionaryAsync(t => t.Id, t => t.Name, cancel);

    /// <summary>The caller's tokens that may call models, newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Caller caller, CancellationToken cancel)
    {
        var tokens = await _db.Tokens.AsNoTracking().VisibleTo(caller.InPerson()).OrderByDescending(t => t.Id).ToListAsync(cancel);
        return [.. tokens.Where(t => t.Scope.HasFlag(TokenScope.Inference)).Select(ApiKey.Of)];
    }

    /// <exception cref="Refusal"><c>not_found</c>: the caller has no such key.</exception>
    public async Task<ApiKey> FindAsync(Caller caller, Guid keyId, CancellationToken cancel) => ApiKey.Of(await TokenAsync(caller.InPerson(), keyId, cancel));

    /// <summary>Makes a key that may call models; and read, where that is wanted, which private models need.</summary>
    /// <exception cref="Refusal"><c>invalid_name</c>, <c>conflict</c>, <c>unprocessable</c>, or why the caller may not.</exception>
    public async Task<NewKey> CreateAsync(Caller caller, WantedKey wanted, CancellationToken cancel)
    {
        var value = Secret.New(AccessToken.Prefix);
        var token = AccessToken.Issue(caller.MayChange().Id, new NewToken(wanted.Name, wanted.MayRead ? TokenScope.Inference | TokenScope.Read : TokenScope.Inference), value, _clock);
        Apply(token, wanted);
        await AddAsync(token, cancel);
        Made(_log, token.Id, caller.Id);
        return new NewKey(token.Id, value);
    }

    /// <summary>Has a key be good until, and from, what is wanted. Its name stays.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unprocessable</c>, or why the caller may not.</exception>
    public async Task ChangeAsync(Caller caller, Guid keyId, WantedKey wanted, CancellationToken cancel)
    {
        var token = await TokenAsync(caller.MayChange(), keyId, cancel);
        Apply(token, wanted);
        await _db.SaveChangesAsync(cancel);
        _credentials.Forget();
    }

    /// <summary>Makes a new key that may do the same. The old one goes on for a while, under another name, so that programs can be given the new one.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unprocessable</c>, or why the caller may not.</exception>
    public async Task<NewKey> RotateAsync(Caller caller, Guid keyId, TimeSpan overlap, CancellationToken cancel)
    {
        if (overlap < TimeSpan.Zero || overlap > TimeSpan.FromDays(30))
        {
            throw new Refusal(RefusalCode.Unprocessable, "The old key can go on for 0 to 720 hours.") { Param = "overlapHours" };
        }

        var old = await TokenAsync(caller.MayChange(), keyId, cancel);
        var value = Secret.New(AccessToken.Prefix);
        var fresh = AccessToken.Issue(caller.Id, new NewToken(old.Name, old.Scope), value, _clock);
        (fresh.ExpiresAt, fresh.Addresses) = (old.ExpiresAt, old.Addresses);
        var end = _clock.GetUtcNow() + overlap;
        old.ExpiresAt = old.ExpiresAt < end ? old.ExpiresAt : end;
        old.Rename($"{old.Name} (old, …{old.Last4})");
        await AddAsync(fresh, cancel);
        _credentials.Forget();
        Rotated(_log, keyId, fresh.Id, caller.Id);
        return new NewKey(fresh.Id, value);
    }

    /// <exception cref="Refusal"><c>not_found</c>, or why the caller may not.</exception>
    public async Task RevokeAsync(Caller caller, Guid keyId, CancellationToken cancel)
    {
        var token = await TokenAsync(caller.MayChange(), keyId, cancel);
        token.RevokedAt = _clock.GetUtcNow();
        await _db.SaveChangesAsync(cancel);
        _credentials.Forget();
        Revoked(_log, keyId, caller.Id);
    }

    private async Task<AccessToken> TokenAsync(Caller caller, Guid keyId, CancellationToken cancel) =>
        await _db.Tokens.VisibleTo(caller).SingleOrDefaultAsync(t => t.Id == keyId, cancel) is { } token && token.Scope.HasFlag(TokenScope.Inference)
            ? token
            : throw new Refusal(RefusalCode.NotFound, "You have no such key.");

    private async Task AddAsync(AccessToken token, CancellationToken cancel)
    {
        _db.Tokens.Add(token);
        if (!await _db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"There is already a token named '{token.Name}'. Choose another name.") { Param = "name" };
        }
    }

    private void Apply(AccessToken token, WantedKey wanted)
    {
        if (wanted.ExpiresAt <= _clock.GetUtcNow())
        {
            throw new Refusal(RefusalCode.Unprocessable, "A key expires in the future. Revoke it to end it now.") { Param = "expiresAt" };
        }

        token.ExpiresAt = wanted.ExpiresAt;
        token.Addresses = Networks(wanted.Addresses);
    }

    private static string? Networks(IReadOnlyList<string> wanted)
    {
        if (wanted.Count > MostAddresses)
        {
            throw new Refusal(RefusalCode.Unprocessable, string.Create(CultureInfo.InvariantCulture, $"Name at most {MostAddresses} addresses.")) { Param = "addresses" };
        }

        return wanted.Count == 0 ? null : string.Join(' ', wanted.Select(Network));
    }

    private static string Network(string text)
    {
        var whole = IPAddress.TryParse(text, out var single) ? $"{single}/{(single.GetAddressBytes().Length * 8).ToString(CultureInfo.InvariantCulture)}" : text;
        return IPNetwork.TryParse(whole, out var network)
            ? network.ToString()
            : throw new Refusal(RefusalCode.Unprocessable, $"'{text}' is no address and no range such as 203.0.113.0/24 or 2001:db8::/32.") { Param = "addresses" };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Key {KeyId} was made by user {UserId}")]
    private static partial void Made(ILogger log, Guid keyId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Key {KeyId} was replaced by key {NewKeyId} by user {UserId}")]
    private static partial void Rotated(ILogger log, Guid keyId, Guid newKeyId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Key {KeyId} was revoked by user {UserId}")]
    private static partial void Revoked(ILogger log, Guid keyId, Guid userId);
}

/// <summary>A key as its owner sees it.</summary>
/// <param name="Last4">The value's last four characters.</param>
/// <param name="ExpiresAt">Absent for never.</param>
/// <param name="Addresses">Ranges that it is good from; empty for anywhere.</param>
public sealed record ApiKey(Guid Id, string Name, string Last4, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, IReadOnlyList<string> Addresses)
{
    internal static ApiKey Of(AccessToken token) => new(
        token.Id, token.Name, token.Last4, token.CreatedAt, token.LastUsedAt, token.ExpiresAt, token.Addresses?.Split(' ') ?? []);
}

/// <summary>A key as somebody wants it.</summary>
/// <param name="ExpiresAt">Absent for never.</param>
/// <param name="Addresses">Addresses and ranges; empty for anywhere.</param>
/// <param name="MayRead">Also what its owner may read; never changes.</param>
public sealed record WantedKey(string Name, DateTimeOffset? ExpiresAt, IReadOnlyList<string> Addresses, bool MayRead = false);

/// <summary>A key just made.</summary>
/// <param name="Value">Cannot be had again.</param>
public sealed record NewKey(Guid Id, string Value);
