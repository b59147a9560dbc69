using System.CommandLine;
using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Server;

/// <summary><c>lodestone invoice verify|explain</c>: issued invoices computed again, also while the server runs.</summary>
internal static class InvoiceCommand
{
    private static readonly Argument<string?> Some = new("number") { Description = "Such as LS-2026-000123; all with --all.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Number = new("number") { Description = "Such as LS-2026-000123." };
    private static readonly Argument<int> Line = new("line") { Description = "From 1." };
    private static readonly Option<bool> All = new("--all") { Description = "Every issued invoice." };

    public static Command Create(Option<string> data, Option<string?> database)
    {
        var verify = new Command("verify", "Computes invoices again from their events, rated rows, prices and rules, and compares them byte by byte.") { Some, All, data, database };
        verify.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, services =>
            VerifyAsync(services.GetRequiredService<InvoiceVerification>(), parsed.GetValue(Some), parsed.GetValue(All), parsed.InvocationConfiguration.Error, cancel)));
        var explain = new Command("explain", "Lists the requests that a line is the sum of.") { Number, Line, data, database };
        explain.SetAction((parsed, cancel) => OfflineVerb.RunAsync(parsed, data, database, async services =>
        {
            var (number, line) = (parsed.GetValue(Number)!, parsed.GetValue(Line)); // required
            await services.GetRequiredService<InvoiceVerification>().ExplainAsync(number, line, parsed.InvocationConfiguration.Output, cancel);
            return $"These make line {line} of {number}.";
        }));
        return new Command("invoice", "Issued invoices.") { verify, explain };
    }

    private static async Task<string> VerifyAsync(InvoiceVerification verification, string? number, bool all, TextWriter faults, CancellationToken cancel)
    {
        if ((number is null) != all)
        {
            throw new Refusal(RefusalCode.Invalid, "Name an invoice, or say --all.");
        }

        var (count, wrong) = (0, 0);
        await foreach (var invoice in verification.VerifyAsync(number, cancel))
        {
            count++;
            if (invoice.Fault is { } fault)
            {
                wrong++;
                await faults.WriteLineAsync($"{invoice.Number}: {fault}".AsMemory(), cancel);
            }
        }

        return wrong == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{count} reproduced to the byte")
            : throw new Refusal(RefusalCode.Conflict, string.Create(CultureInfo.InvariantCulture, $"{wrong} of {count} differ"));
    }
}
