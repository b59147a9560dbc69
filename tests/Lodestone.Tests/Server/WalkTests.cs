namespace Lodestone.Tests.Server;

/// <summary>The story of the product, told by stock clients against a server process of its own.</summary>
[NoDatabase]
public sealed class WalkTests
{
    [Fact]
    public async Task The_walk_reaches_its_end_with_a_trial_balance_of_zero()
    {
        var environment = new Dictionary<string, string> { ["LODESTONE_EXECUTABLE"] = Executable.Lodestone };

        var walk = await Executable.RunAsync("bash", [Path.Combine(Executable.Root, "scripts", "walk")], environment: environment);

        Assert.True(walk.ExitCode == 0, walk.Output + walk.Error);
        Assert.Contains("trial balance", walk.Output, StringComparison.Ordinal);
        Assert.Matches(@"total\s+0 USD", walk.Output);
        Assert.DoesNotContain("BROKEN", walk.Output, StringComparison.Ordinal);
    }
}
