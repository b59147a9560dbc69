using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>
/// What names led to, per credential, for two seconds: who calls a model calls it again. A model that is taken away or
/// replaced is served for so long at most; one that was not found is looked for every time.
/// </summary>
internal sealed class KnownModels(IServiceScopeFactory scopes, KeyLimits keys, TimeProvider clock)
{
    private const int MostRemembered = 10_000;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Key, Known> _known = new();

    /// <summary><see langword="null"/> when it is missing or the caller may not see it.</summary>
    /// <exception cref="Refusal"><c>model_not_allowed</c>: the caller may, but not with this key.</exception>
    public async Task<CalledModel?> FindAsync(Caller caller, string name, CancellationToken cancel)
    {
        var model = await LookAsync(caller, name, cancel);
        if (model is not null)
        {
            await keys.CheckAsync(caller, model.Id, cancel);
        }

        return model;
    }

    /// <summary>Somebody changed the catalogue on this server.</summary>
    public void Forget() => _known.Clear();

    private async Task<CalledModel?> LookAsync(Caller caller, string name, CancellationToken cancel)
    {
        var key = new Key(caller.Id, caller.CredentialId, name);
        if (_known.TryGetValue(key, out var known) && clock.GetElapsedTime(known.At) < Memory)
        {
            return known.Model;
        }

        var at = clock.GetTimestamp();
        await using var scope = scopes.CreateAsyncScope(); // only here: a context that is not used would cost every call
        if (await scope.ServiceProvider.GetRequiredService<CallableModels>().FindAsync(caller, name, cancel) is not { } found)
        {
            return null;
        }

        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[key] = new Known(found, at);
        return found;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Key(Guid CallerId, Guid CredentialId, string Name);

    private sealed record Known(CalledModel Model, long At);
}
