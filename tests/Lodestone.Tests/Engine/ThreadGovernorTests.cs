using Lodestone.Engine.Inference;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class ThreadGovernorTests
{
    private readonly FakeTimeProvider _clock = new();
    private int _allowed = 4;

    [Fact]
    public void A_computation_that_takes_far_too_long_goes_on_alone_until_it_has_been_quiet()
    {
        var governor = Settled();

        governor.Observe(8, TimeSpan.FromMilliseconds(300));

        Assert.Equal(1, governor.Decide());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(4, governor.Decide());
    }

    [Fact]
    public void Who_comes_back_too_early_waits_twice_as_long()
    {
        var governor = Settled();
        governor.Observe(8, TimeSpan.FromMilliseconds(300));
        _clock.Advance(TimeSpan.FromSeconds(1));
        governor.Decide();

        governor.Observe(8, TimeSpan.FromMilliseconds(300));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, governor.Decide());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(4, governor.Decide());
    }

    [Fact]
    public void A_single_slow_computation_is_an_accident_and_three_are_not()
    {
        var governor = Settled();

        governor.Observe(8, TimeSpan.FromMilliseconds(40));
        governor.Observe(8, TimeSpan.FromMilliseconds(40));
        Assert.Equal(4, governor.Decide());
        governor.Observe(8, TimeSpan.FromMilliseconds(40));

        Assert.Equal(1, governor.Decide());
    }

    [Fact]
    public void Growing_texts_make_computations_slower_without_anybody_to_blame()
    {
        var governor = Settled();

        for (var time = 20.0; time < 100; time *= 1.004)
        {
            governor.Observe(8, TimeSpan.FromMilliseconds(time));
            Assert.Equal(4, governor.Decide());
        }
    }

    [Fact]
    public void No_more_threads_compute_than_the_machine_has_room_for()
    {
        var governor = Settled();

        _allowed = 2;

        Assert.Equal(2, governor.Decide());
    }

    [Theory]
    [InlineData(2, 0.1, 2)]
    [InlineData(2, 0.5, 1)]
    [InlineData(2, 2.0, 1)]
    [InlineData(8, 0.0, 8)]
    [InlineData(8, 0.5, 7)]
    [InlineData(8, 3.0, 4)]
    [InlineData(8, 7.9, 1)]
    public void Others_keep_what_they_use_and_one_core_stays_free(int cores, double others, int left) =>
        Assert.Equal(left, MachineLoad.Left(cores, others));

    private ThreadGovernor Settled()
    {
        var governor = new ThreadGovernor(4, () => _allowed, _clock);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(4, governor.Decide());
            governor.Observe(8, TimeSpan.FromMilliseconds(20));
            _clock.Advance(TimeSpan.FromMilliseconds(200));
        }

        return governor;
    }
}
