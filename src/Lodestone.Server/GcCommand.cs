using System.CommandLine;
using Lodestone.Hub;

namespace Lodestone.Server;

/// <summary><c>lodestone gc</c>: gives back the room of large files that nothing refers to, also while the server runs.</summary>
internal static class GcCommand
{
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Change nothing; say what would be freed." };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        var command = new Command("gc", "Deletes large files that nothing has referred to for 7 days (Hub__ReclaimAfter). The server does so by itself once a day.") { DryRun, data, database };
        command.SetAction((parsed, cancel) => OfflineVerb.RunAsync(
            parsed, data, database, async services => (await services.GetRequiredService<Sweeps>().RunAsync(parsed.GetValue(DryRun), cancel)).Text));
        return command;
    }
}
