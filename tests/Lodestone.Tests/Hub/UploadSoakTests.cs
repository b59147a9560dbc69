using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>Uploads into a server process that is killed on the way, again and again. More cycles by the script itself.</summary>
[NoDatabase]
public sealed class UploadSoakTests
{
    [Fact]
    public async Task Uploads_go_on_after_a_kill_and_send_nothing_again_that_was_acknowledged()
    {
        var environment = new Dictionary<string, string> { ["LODESTONE_EXECUTABLE"] = Executable.Lodestone };

        var soak = await Executable.RunAsync("bash", [Path.Combine(Executable.Root, "scripts", "soak-uploads"), "4"], environment: environment);

        Assert.True(soak.ExitCode == 0, soak.Output + soak.Error);
        Assert.Equal(4, JsonNode.Parse(soak.Output)!["cycles"]!.GetValue<int>());
    }
}
