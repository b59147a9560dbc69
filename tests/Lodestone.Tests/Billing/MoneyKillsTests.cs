namespace Lodestone.Tests.Billing;

[NoDatabase] // its servers have SQLite files of their own, on both runs
public sealed class MoneyKillsTests
{
    [Fact]
    public async Task Events_calls_invoices_and_payments_survive_kills()
    {
        var environment = new Dictionary<string, string> { ["LODESTONE_EXECUTABLE"] = Executable.Lodestone };

        var soak = await Executable.RunAsync("bash", [Path.Combine(Executable.Root, "scripts", "soak-money-kills"), "10"], environment: environment, patience: TimeSpan.FromMinutes(10));

        Assert.True(soak.ExitCode == 0, soak.Output + soak.Error);
        Assert.Contains("lost 0, doubled 0, unbalanced 0", soak.Output, StringComparison.Ordinal);
    }
}
