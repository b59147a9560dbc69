using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>The limits of keys, remembered for two seconds: every call asks. A change counts at once on this server, and within that time on others.</summary>
internal sealed class KeyLimits(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int MostRemembered = 20_000;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, Known> _known = new();

    /// <summary>Null where the credential has no limits of its own.</summary>
    public ValueTask<KeyLimit?> FindAsync(Caller caller, CancellationToken cancel)
    {
        if (caller.CredentialId == Guid.Empty)
        {
            return ValueTask.FromResult<KeyLimit?>(null);
        }

        return _known.TryGetValue(caller.CredentialId, out var known) && clock.GetElapsedTime(known.At) < Memory
            ? ValueTask.FromResult(known.Limit)
            : new ValueTask<KeyLimit?>(ReadAsync(caller.CredentialId, cancel));
    }

    /// <exception cref="Refusal"><c>model_not_allowed</c>.</exception>
    public async ValueTask CheckAsync(Caller caller, string model, CancellationToken cancel)
    {
        if (await FindAsync(caller, cancel) is { } limit && !limit.Allows(model))
        {
            throw GatewayRefusals.ModelNotAllowed(model, limit.ModelNames);
        }
    }

    public void Forget() => _known.Clear();

    private async Task<KeyLimit?> ReadAsync(Guid keyId, CancellationToken cancel)
    {
        var at = clock.GetTimestamp();
        await using var scope = scopes.CreateAsyncScope();
        var limit = await scope.ServiceProvider.GetRequiredService<GatewayDb>().KeyLimits.AsNoTracking().SingleOrDefaultAsync(l => l.Id == keyId, cancel);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[keyId] = new Known(limit, at);
        return limit;
    }

    private sealed record Known(KeyLimit? Limit, long At);
}
