namespace Lodestone.Tests.Billing;

[NoDatabase]
public sealed class MeterKillsTests
{
    [Fact]
    public async Task Events_and_their_money_survive_kills()
    {
        var environment = new Dictionary<string, string> { ["LODESTONE_EXECUTABLE"] = Executable.Lodestone };

        var soak = await Executable.RunAsync("bash", [Path.Combine(Executable.Root, "scripts", "soak-meter-kills"), "3"], environment: environment, patience: TimeSpan.FromMinutes(10));

        Assert.True(soak.ExitCode == 0, soak.Output + soak.Error);
        Assert.Contains("lost 0, doubled 0, unbalanced 0", soak.Output, StringComparison.Ordinal);
    }
}
