using System.CommandLine;
using System.CommandLine.Parsing;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Server;

/// <summary><c>lodestone serve</c>: runs the server until it is told to stop.</summary>
internal static class ServeCommand
{
    // By then what is done after the start is done.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private static readonly Option<Uri> Url = new("--url")
    {
        Description = "Where to listen.",
        DefaultValueFactory = _ => new Uri("http://localhost:8080"),
        CustomParser = ParseUrl,
    };

    private static readonly Option<string?> Seed = new("--seed") { Description = "JSON file of accounts to create; only on a loopback address." };
    private static readonly Option<bool> ForceSeed = new("--force-seed") { Description = "Seed on any address." };
    private static readonly Option<bool> Demo = new("--demo") { Description = "Publish the demo organisation and model (the default)." };
    private static readonly Option<bool> NoDemo = new("--no-demo") { Description = "Start empty." };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        var command = new Command("serve", "Runs the server.") { data, database, Url, Seed, ForceSeed, Demo, NoDemo };
        command.SetAction((parsed, cancel) => RunAsync(
            new ServeOptions
            {
                DataDirectory = parsed.GetValue(data)!, // has a default
                Database = parsed.GetValue(database),
                Url = parsed.GetValue(Url)!, // has a default
                SeedFile = parsed.GetValue(Seed),
                ForceSeed = parsed.GetValue(ForceSeed),
                Demo = !parsed.GetValue(NoDemo),
            },
            parsed.InvocationConfiguration,
            cancel));
        return command;
    }

    private static Uri? ParseUrl(ArgumentResult argument)
    {
        if (Uri.TryCreate(argument.Tokens.Single().Value, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https" && url.AbsolutePath == "/")
        {
            return url;
        }

        argument.AddError("--url takes an address without a path, such as http://localhost:8080");
        return null;
    }

    private static async Task<int> RunAsync(ServeOptions serve, InvocationConfiguration terminal, CancellationToken cancel)
    {
        if (serve.SeedFile is not null && !serve.Url.IsLoopback && !serve.ForceSeed)
        {
            await terminal.Error.WriteLineAsync($"{serve.Url} is not a loopback address, and a seed file holds known passwords and tokens. Add --force-seed if that is meant.");
            return 1;
        }

        await using var app = LodestoneServer.Create(serve);
        try
        {
            await LodestoneServer.StartAsync(app, cancel);
        }
        catch (Refusal refusal)
        {
            await terminal.Error.WriteLineAsync(refusal.Message);
            return 1;
        }

        await terminal.Output.WriteLineAsync($"Lodestone is ready at {serve.Url}");
        await using (var scope = app.Services.CreateAsyncScope())
        {
            if (await scope.ServiceProvider.GetRequiredService<FirstAdministrator>().LinkAsync(serve.Url, cancel) is { } link)
            {
                await terminal.Output.WriteLineAsync($"Create the first administrator (this link works once): {link}");
            }
        }

        await GiveBackAsync(app);
        await app.WaitForShutdownAsync(cancel);
        return 0;
    }

    /// <summary>Half of the heap is what starting took and serving does not need. Left alone, the collector looks when requests have used as much again.</summary>
    private static async Task GiveBackAsync(WebApplication app)
    {
        await Task.Delay(Settling, TimeProvider.System, app.Lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
