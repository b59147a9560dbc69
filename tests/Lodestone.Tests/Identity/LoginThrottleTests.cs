using System.Net;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Identity;

[NoDatabase]
public sealed class LoginThrottleTests
{
    private static readonly IPAddress Office = IPAddress.Parse("192.0.2.7");

    private readonly FakeTimeProvider _clock = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_clock);

    [Fact]
    public void One_address_may_not_try_many_accounts()
    {
        for (var i = 0; i < 20; i++)
        {
            _throttle.Try($"account{i}", Office);
        }

        Assert.Throws<Refusal>(() => _throttle.Try("account20", Office));
        _throttle.Try("account20", IPAddress.Parse("192.0.2.8"));
    }

    [Fact]
    public void Knowing_one_password_is_no_licence_to_guess_others()
    {
        for (var i = 0; i < 20; i++)
        {
            _throttle.Try("mine", Office);
            _throttle.Succeeded("mine", Office);
            _throttle.Try($"account{i}", Office);
        }

        Assert.Throws<Refusal>(() => _throttle.Try("mine", Office));
    }

    [Fact]
    public void A_household_of_ipv6_addresses_counts_as_one()
    {
        for (var i = 0; i < 20; i++)
        {
            _throttle.Try($"account{i}", IPAddress.Parse($"2001:db8::{i + 1:x}"));
        }

        Assert.Throws<Refusal>(() => _throttle.Try("another", IPAddress.Parse("2001:db8::ffff")));
        _throttle.Try("another", IPAddress.Parse("2001:db8:0:1::1"));
    }

    [Fact]
    public void Waits_double_up_to_a_quarter_of_an_hour_and_are_forgotten_after_an_hour()
    {
        var waits = new List<double>();
        for (var i = 0; i < 16; i++)
        {
            try
            {
                _throttle.Try("dora", address: null);
            }
            catch (Refusal refusal)
            {
                waits.Add(refusal.RetryAfter!.Value.TotalSeconds); // the throttle says how long
                _clock.Advance(refusal.RetryAfter.Value);
                _throttle.Try("dora", address: null);
            }
        }

        Assert.Equal([10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900], waits);
        _clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 5; i++)
        {
            _throttle.Try("dora", address: null);
        }
    }

    [Fact]
    public void Tries_at_once_do_not_slip_through_together()
    {
        var refused = 0;

        Parallel.For(0, 100, _ =>
        {
            try
            {
                _throttle.Try("dora", Office);
            }
            catch (Refusal)
            {
                Interlocked.Increment(ref refused);
            }
        });

        Assert.Equal(95, refused);
    }

    [Fact]
    public void Many_names_do_not_fill_the_memory_and_the_newest_offender_is_kept()
    {
        for (var i = 0; i < 60_000; i++)
        {
            _throttle.Try($"account{i}", new IPAddress(i));
        }

        for (var i = 0; i < 5; i++)
        {
            _throttle.Try("dora", Office);
        }

        Assert.InRange(_throttle.Kept, 1, 20_000);
        Assert.Throws<Refusal>(() => _throttle.Try("dora", Office));
    }
}
