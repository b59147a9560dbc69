using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>For how many days accounts have their bodies kept, remembered for two seconds because every call asks. Unless somebody chose: none.</summary>
internal sealed class BodyChoices(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int MostRemembered = 20_000;

    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<Guid, (long Days, long At)> _known = new();

    public ValueTask<long> DaysAsync(Guid accountId, CancellationToken cancel) => _known.TryGetValue(accountId, out var known) && clock.GetElapsedTime(known.At) < Memory
        ? ValueTask.FromResult(known.Days)
        : new ValueTask<long>(ReadAsync(accountId, cancel));

    public void Forget() => _known.Clear();

    private async Task<long> ReadAsync(Guid accountId, CancellationToken cancel)
    {
        var at = clock.GetTimestamp();
        await using var scope = scopes.CreateAsyncScope();
        var days = await scope.ServiceProvider.GetRequiredService<GatewayDb>().BodyChoices.AsNoTracking().Where(c => c.Id == accountId).Select(c => c.KeepDays).SingleOrDefaultAsync(cancel);
        if (_known.Count >= MostRemembered)
        {
            _known.Clear();
        }

        _known[accountId] = (days, at);
        return days;
    }
}
