using System.Net;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>How often something may be done from one address, or by one person, within a minute. Kept in memory, which is enough against guessing.</summary>
internal sealed class AddressQuota(TimeProvider clock)
{
    private const int MostKept = 20_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new(); // guards _counts
    private readonly Dictionary<string, Counted> _counts = new(StringComparer.Ordinal);

    /// <exception cref="Refusal"><c>slow_down</c>, 429, when it was done so often already.</exception>
    public void Check(string what, string whose, int most)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            if (_counts.TryGetValue(Key(what, whose), out var counted) && counted.Since + Window > now && counted.Count >= most)
            {
                throw OauthRefusals.TooFast(counted.Since + Window - now);
            }
        }
    }

    public void Count(string what, string whose)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            if (_counts.Count >= MostKept)
            {
                MakeRoom(now);
            }

            _counts[Key(what, whose)] = _counts.TryGetValue(Key(what, whose), out var counted) && counted.Since + Window > now
                ? counted with { Count = counted.Count + 1 }
                : new Counted(1, now);
        }
    }

    /// <summary>Counts it, unless it was done so often already.</summary>
    /// <inheritdoc cref="Check"/>
    public void Take(string what, IPAddress? address, int most)
    {
        Check(what, LoginThrottle.AddressKey(address), most);
        Count(what, LoginThrottle.AddressKey(address));
    }

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var key in _counts.Where(c => c.Value.Since + Window <= now).Select(c => c.Key).ToList())
        {
            _counts.Remove(key);
        }

        if (_counts.Count >= MostKept)
        {
            _counts.Clear(); // so many at once is an attack from everywhere, which no count by address stops
        }
    }

    private static string Key(string what, string whose) => $"{what} {whose}";

    private sealed record Counted(int Count, DateTimeOffset Since);
}
