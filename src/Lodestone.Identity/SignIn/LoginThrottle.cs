using System.Net;
using System.Net.Sockets;
using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>
/// Slows down guessing: after a few failures for one account or from one address, each further try has to wait twice as long as the
/// one before, up to a quarter of an hour. Kept in memory, which is enough: a restart costs a guesser more than it gives.
/// </summary>
internal sealed class LoginThrottle(TimeProvider clock)
{
    private const int FreeForAccount = 5;
    private const int FreeForAddress = 20; // an office shares one
    private const int MostKept = 20_000;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly Lock _lock = new(); // guards _failures
    private readonly Dictionary<string, Failures> _failures = new(StringComparer.Ordinal);

    /// <summary>How many accounts and addresses are remembered; bounded.</summary>
    internal int Kept
    {
        get
        {
            lock (_lock)
            {
                return _failures.Count;
            }
        }
    }

    /// <summary>Counts a try as failed until <see cref="Succeeded"/>, so that many at once do not slip through together.</summary>
    /// <exception cref="Refusal"><c>rate_limit_exceeded</c> with the time to wait; the try does not count.</exception>
    public void Try(string account, IPAddress? address)
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            Check(AccountKey(account), FreeForAccount, now);
            Check(AddressKey(address), FreeForAddress, now);
            Count(AccountKey(account), now);
            Count(AddressKey(address), now);
        }
    }

    /// <summary>Forgets the account's failures. Those of the address stay: knowing one password is no licence to guess others.</summary>
    public void Succeeded(string account, IPAddress? address)
    {
        lock (_lock)
        {
            _failures.Remove(AccountKey(account));
            if (_failures.TryGetValue(AddressKey(address), out var failures))
            {
                _failures[AddressKey(address)] = failures with { Count = failures.Count - 1 };
            }
        }
    }

    private void Check(string key, int free, DateTimeOffset now)
    {
        if (!_failures.TryGetValue(key, out var failures) || failures.Count < free || now - failures.Last >= Memory)
        {
            return;
        }

        var doublings = Math.Min(failures.Count - free, 10);
        var wait = TimeSpan.FromTicks(Math.Min(FirstWait.Ticks << doublings, LongestWait.Ticks));
        var left = failures.Last + wait - now;
        if (left > TimeSpan.Zero)
        {
            throw new Refusal(RefusalCode.TooManyRequests, $"Too many failed sign-ins. Try again in {Math.Ceiling(left.TotalSeconds)} seconds.") { RetryAfter = left };
        }
    }

    private void Count(string key, DateTimeOffset now)
    {
        if (_failures.Count >= MostKept)
        {
            MakeRoom();
        }

        var before = _failures.TryGetValue(key, out var failures) && now - failures.Last < Memory ? failures.Count : 0;
        _failures[key] = new Failures(before + 1, now);
    }

    // The older half goes, so this is rare and the offenders of the hour stay.
    private void MakeRoom()
    {
        foreach (var key in _failures.OrderBy(f => f.Value.Last).Take(MostKept / 2).Select(f => f.Key).ToList())
        {
            _failures.Remove(key);
        }
    }

    private static string AccountKey(string account) => "account " + account;

    /// <summary>What an address is counted by. A household or a rented machine has a whole /64 of IPv6.</summary>
    public static string AddressKey(IPAddress? address) => address switch
    {
        { IsIPv4MappedToIPv6: true } => "address " + address.MapToIPv4(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => "address " + Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
        _ => "address " + address,
    };

    private sealed record Failures(int Count, DateTimeOffset Last);
}
