namespace Lodestone.Tests.Hub;

[NoDatabase]
public sealed class HubKillsTests
{
    [Fact]
    public async Task What_was_acknowledged_survives_twenty_kills()
    {
        var environment = new Dictionary<string, string> { ["LODESTONE_EXECUTABLE"] = Executable.Lodestone };

        var soak = await Executable.RunAsync("bash", [Path.Combine(Executable.Root, "scripts", "soak-hub-kills"), "20"], environment: environment, patience: TimeSpan.FromMinutes(10));

        Assert.True(soak.ExitCode == 0, soak.Output + soak.Error);
        Assert.Contains("20 cycles: ", soak.Output, StringComparison.Ordinal);
    }
}
