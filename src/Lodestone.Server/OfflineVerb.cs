using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Lodestone.Core;

namespace Lodestone.Server;

/// <summary>A verb that works on the data folder without serving: one change, one line of answer.</summary>
internal static class OfflineVerb
{
    public static async Task<int> RunAsync(ParseResult parsed, Option<string> data, Option<string?> database, Func<IServiceProvider, Task<string>> work)
    {
        var terminal = parsed.InvocationConfiguration;
        var serve = new ServeOptions { DataDirectory = parsed.GetValue(data)!, Database = parsed.GetValue(database), Demo = false }; // has a default
        await using var app = LodestoneServer.Create(serve, services => services.AddLogging(logging => logging.ClearProviders()));
        try
        {
            await app.Services.GetRequiredService<SchemaRunner>().RunAsync(CancellationToken.None);
            await using var scope = app.Services.CreateAsyncScope();
            await terminal.Output.WriteLineAsync(await work(scope.ServiceProvider));
            return 0;
        }
        catch (Refusal refusal)
        {
            await terminal.Error.WriteLineAsync(refusal.Message);
            return 1;
        }
    }

    /// <summary>A secret on standard input, so that it is in no shell history and no process list.</summary>
    [SuppressMessage("ApiDesign", "RS0030", Justification = "The command line is the one place that reads the terminal.")]
    public static async Task<string?> ReadLineAsync(CancellationToken cancel) => await Console.In.ReadLineAsync(cancel);
}
