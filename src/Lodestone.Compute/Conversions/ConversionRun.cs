using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Lodestone.Hub;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>A process that makes one GGUF file. It ends with ours, and when this is disposed of.</summary>
internal sealed class ConversionRun : IAsyncDisposable
{
    private const int ModelRefused = 3; // the engine's exit code: another try does not help

    private readonly Process _process;
    private readonly EngineOutput _errors;
    private readonly Task _pumping;

    private ConversionRun(Process process, EngineOutput errors)
    {
        (_process, _errors) = (process, errors);
        _pumping = errors.PumpAsync(process.StandardError);
    }

    /// <summary>How it ended, where it gave no reason.</summary>
    public string Ending => $"The program that converts stopped with exit code {_process.ExitCode}: {_errors.Reason() ?? _errors.Last()}.";

    public static ConversionRun Start(string executable, ConversionWork work, ILogger log)
    {
        List<string> arguments = ["convert", "--source", work.Source, "--output", work.Output, "--name", work.Name];
        arguments.AddRange(["--threads", Math.Max(1, Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture), "--parent-pid", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        arguments.AddRange(work.Type is { } type ? ["--type", type] : []);
        var start = new ProcessStartInfo(executable, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The engine did not start.");
        return new ConversionRun(process, new EngineOutput(work.Name, process.Id, log));
    }

    /// <summary>Waits for the process to come further.</summary>
    /// <returns>0 to 1; null when it says nothing more.</returns>
    public async Task<double?> NextAsync(CancellationToken cancel)
    {
        while (await _process.StandardOutput.ReadLineAsync(cancel) is { } line)
        {
            if (ProgressOf(line) is { } progress)
            {
                return progress;
            }
        }

        await _process.WaitForExitAsync(cancel);
        return null;
    }

    /// <summary>Why the model cannot be converted; null: it was, or the process broke.</summary>
    public async Task<string?> ReasonAsync()
    {
        await _pumping;
        return _process.ExitCode == ModelRefused ? _errors.Reason() : null;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _pumping;
        _process.Dispose();
    }

    private static double? ProgressOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("progress", out var progress) ? progress.GetDouble() : null;
        }
        catch (JsonException)
        {
            return null; // native code prints what it likes
        }
    }
}
