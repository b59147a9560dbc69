using System.Globalization;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>A person's keys with what each of them may do here.</summary>
internal sealed partial class Keys(ApiKeys keys, GatewayDb db, KeyLimits limits)
{
    private const int MostModels = 100;
    private const long MostPerMinute = 1_000_000_000_000;

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<LimitedKey>> ListAsync(Caller caller, CancellationToken cancel)
    {
        var all = await keys.ListAsync(caller, cancel);
        var ids = all.Select(k => k.Id).ToList();
        var known = await db.KeyLimits.AsNoTracking().Where(l => ids.Contains(l.Id)).ToDictionaryAsync(l => l.Id, cancel);
        return [.. all.Select(k => new LimitedKey(k, known.GetValueOrDefault(k.Id)))];
    }

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<LimitedKey> FindAsync(Caller caller, Guid keyId, CancellationToken cancel) =>
        new(await keys.FindAsync(caller, keyId, cancel), await db.KeyLimits.AsNoTracking().SingleOrDefaultAsync(l => l.Id == keyId, cancel));

    /// <exception cref="Refusal">What is wrong with it, or why the caller may not.</exception>
    public async Task<NewKey> CreateAsync(Caller caller, WantedKey wanted, WantedLimit limit, CancellationToken cancel)
    {
        Check(limit);
        var made = await keys.CreateAsync(caller, wanted, cancel);
        await PutAsync(made.Id, made.Id, limit, cancel);
        return made;
    }

    /// <exception cref="Refusal">What is wrong with it, <c>not_found</c>, or why the caller may not.</exception>
    public async Task ChangeAsync(Caller caller, Guid keyId, WantedKey wanted, WantedLimit limit, CancellationToken cancel)
    {
        Check(limit);
        await keys.ChangeAsync(caller, keyId, wanted, cancel);
        await PutAsync(keyId, keyId, limit, cancel);
    }

    /// <summary>A new key with the same limits, of which both use up one and the same.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unprocessable</c>, or why the caller may not.</exception>
    public async Task<NewKey> RotateAsync(Caller caller, Guid keyId, TimeSpan overlap, CancellationToken cancel)
    {
        var before = (await FindAsync(caller, keyId, cancel)).Limit;
        var made = await keys.RotateAsync(caller, keyId, overlap, cancel);
        if (before is not null)
        {
            await PutAsync(made.Id, before.WindowId, new WantedLimit(before.ModelNames, before.RequestsPerMinute, before.TokensPerMinute), cancel);
        }

        return made;
    }

    /// <exception cref="Refusal"><c>not_found</c>, or why the caller may not.</exception>
    public async Task RevokeAsync(Caller caller, Guid keyId, CancellationToken cancel)
    {
        await keys.RevokeAsync(caller, keyId, cancel);
        await db.WriteAsync(inner => db.KeyLimits.Where(l => l.Id == keyId).ExecuteDeleteAsync(inner), cancel);
        limits.Forget();
    }

    private async Task PutAsync(Guid keyId, Guid windowId, WantedLimit wanted, CancellationToken cancel)
    {
        if (await db.KeyLimits.SingleOrDefaultAsync(l => l.Id == keyId, cancel) is not { } limit)
        {
            limit = new KeyLimit { Id = keyId, WindowId = windowId };
            db.KeyLimits.Add(limit);
        }

        limit.Models = wanted.Models.Count == 0 ? null : string.Join(' ', wanted.Models);
        limit.RequestsPerMinute = wanted.RequestsPerMinute;
        limit.TokensPerMinute = wanted.TokensPerMinute;
        await db.SaveChangesAsync(cancel);
        limits.Forget();
    }

    private static void Check(WantedLimit wanted)
    {
        if (wanted.Models.Count > MostModels)
        {
            throw Unprocessable("models", string.Create(CultureInfo.InvariantCulture, $"Name at most {MostModels} models."));
        }

        foreach (var model in wanted.Models.Where(m => !Name().IsMatch(m)))
        {
            throw Unprocessable("models", $"'{model}' is no model: name one as owner/name, or all of an owner as owner/*.");
        }

        CheckNumber(wanted.RequestsPerMinute, "requestsPerMinute");
        CheckNumber(wanted.TokensPerMinute, "tokensPerMinute");
    }

    private static void CheckNumber(long? number, string param)
    {
        if (number is < 1 or > MostPerMinute)
        {
            throw Unprocessable(param, "A limit is a whole number of at least 1. Leave it out for none.");
        }
    }

    private static Refusal Unprocessable(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/(?:\*|[A-Za-z0-9][A-Za-z0-9._-]{0,95})$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}

/// <param name="Limit">Absent where it has none of its own.</param>
internal sealed record LimitedKey(ApiKey Key, KeyLimit? Limit);

/// <param name="Models">None for all.</param>
internal sealed record WantedLimit(IReadOnlyList<string> Models, long? RequestsPerMinute, long? TokensPerMinute);
