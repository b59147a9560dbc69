using System.Diagnostics;

namespace Lodestone.Tests;

/// <summary>Runs a real program to its end and takes what it printed.</summary>
public static class Executable
{
    /// <summary>The server as it is built beside the tests.</summary>
    public static string Lodestone { get; } = Path.Combine(AppContext.BaseDirectory, "lodestone");

    /// <summary>The repository's root: the first folder above the tests that has the solution.</summary>
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <param name="patience">When it is killed; null: after three minutes.</param>
    public static async Task<Outcome> RunAsync(
        string program, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null, TimeSpan? patience = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!; // not started by the shell, so there is a process
        using var deadline = new CancellationTokenSource(patience ?? TimeSpan.FromMinutes(3));
        await using var kill = deadline.Token.Register(() => process.Kill(entireProcessTree: true));
        if (input is not null)
        {
            await process.StandardInput.WriteLineAsync(input);
        }

        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        return new Outcome(process.ExitCode, await output, await error);
    }

    private static string FindRoot(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "Lodestone.slnx")) ? folder.FullName : FindRoot(folder.Parent!); // the tests are built inside the repository
}

/// <param name="ExitCode">0 when all went well.</param>
public sealed record Outcome(int ExitCode, string Output, string Error);
