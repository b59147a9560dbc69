using System.CommandLine;
using Lodestone.Billing;

namespace Lodestone.Server;

/// <summary><c>lodestone ledger export</c>: the books as text for another program, also while the server runs.</summary>
internal static class LedgerCommand
{
    private static readonly Argument<FileInfo> File = new("file") { Description = "File to write." };
    private static readonly Option<string> Format = new("--format") { Description = $"One of {string.Join(", ", LedgerExport.Formats)}.", DefaultValueFactory = _ => "beancount" };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        var export = new Command("export", "Writes the whole ledger to a file that plain-text accounting reads.") { File, Format, data, database };
        export.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, async services =>
        {
            var file = parsed.GetValue(File)!; // required
            await using (var output = file.CreateText())
            {
                await services.GetRequiredService<LedgerExport>().WriteAsync(parsed.GetValue(Format)!, output, cancel); // has a default
            }

            return $"Wrote {file.FullName}";
        }));
        return new Command("ledger", "The books.") { export };
    }
}
