using FsCheck;
using FsCheck.Fluent;
using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

[NoDatabase]
public sealed class BarScaleTests
{
    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(4, 1, 4)]
    [InlineData(5, 2, 6)]
    [InlineData(0.0059, 0.002, 0.006)]
    [InlineData(1204, 500, 1500)]
    public void Steps_are_round(double largest, double step, double max)
    {
        var scale = BarScale.For(largest);

        Assert.Equal(step, scale.Step, 9);
        Assert.Equal(max, scale.Max, 9);
    }

    [Fact]
    public void An_axis_holds_its_largest_value_in_at_most_four_steps() => Prop
        .ForAll(ArbMap.Default.ArbFor<NormalFloat>().Filter(v => v.Get is > 1e-12 and < 1e15), value =>
        {
            var scale = BarScale.For(value.Get);
            return scale.Max >= value.Get * (1 - 1e-9) && scale.Ticks.Count() is >= 2 and <= 5;
        })
        .QuickCheckThrowOnFailure();
}
