using System.CommandLine;

namespace Lodestone.Server;

/// <summary>The verbs of the executable <c>lodestone</c>.</summary>
internal static class CommandLine
{
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Folder for everything the server keeps.",
        DefaultValueFactory = _ => "data",
    };

    private static readonly Option<string?> Database = new("--database")
    {
        Description = "PostgreSQL connection string; without it rows are in SQLite files in the data folder. Also LODESTONE_DATABASE.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("LODESTONE_DATABASE"),
    };

    public static ParseResult Parse(string[] args)
    {
        var root = new RootCommand("Lodestone: models, an inference API and its accounts in one server.")
        {
            ServeCommand.Create(Data, Database),
            UserCommand.Create(Data, Database),
            TokenCommand.Create(Data, Database),
            GcCommand.Create(Data, Database),
            LedgerCommand.Create(Data, Database),
            InvoiceCommand.Create(Data, Database),
            VersionCommand(),
        };
        return root.Parse(args);
    }

    private static Command VersionCommand()
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(typeof(CommandLine).Assembly.GetName().Version?.ToString(3)));
        return command;
    }
}
