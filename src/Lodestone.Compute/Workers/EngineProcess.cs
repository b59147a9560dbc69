using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>One running engine and how to reach it. It watches our process and ends with it, so no worker outlives its server.</summary>
internal sealed class EngineProcess : IAsyncDisposable
{
    /// <summary>The engine could not make sense of the weights, or did not come up with them.</summary>
    public static readonly RefusalCode ModelUnloadable = new("model_unloadable", 422);

    private static readonly TimeSpan HealthPoll = TimeSpan.FromMilliseconds(10);

    // Under Kestrel's 130 s, so that we never write to a connection that the worker is closing.
    private static readonly TimeSpan ConnectionIdle = TimeSpan.FromSeconds(100);

    private readonly Process _process;
    private readonly EngineOutput _output;
    private readonly Task _pumping;
    private readonly string _socket;

    private EngineProcess(Process process, EngineOutput output, string socket)
    {
        _process = process;
        _output = output;
        _socket = socket;
        ProcessId = process.Id;
        _pumping = Task.WhenAll(output.PumpAsync(process.StandardOutput), output.PumpAsync(process.StandardError));
        Exited = process.WaitForExitAsync();
        Http = Connect(socket);
    }

    public HttpClient Http { get; }

    /// <summary>Completes when the process is gone.</summary>
    public Task Exited { get; }

    public bool HasExited => Exited.IsCompleted || _process.HasExited;

    public int ProcessId { get; }

    /// <summary>The last lines that the worker printed.</summary>
    public string LastOutput => _output.Last();

    public int ExitCode => _process.ExitCode;

    /// <summary>Resident memory in bytes; 0 once the process is gone.</summary>
    public long Memory
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.WorkingSet64;
            }
            catch (InvalidOperationException)
            {
                return 0;
            }
        }
    }

    public static EngineProcess Start(string executable, string weights, string name, string socket, ILogger log)
    {
        var parent = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(executable, ["--model", weights, "--socket", socket, "--name", name, "--parent-pid", parent])
        {
            RedirectStandardInput = true, // not the terminal's
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The engine did not start.");
        return new EngineProcess(process, new EngineOutput(name, process.Id, log), socket);
    }

    /// <summary>Waits until the worker serves, and says how many tokens its context holds.</summary>
    /// <exception cref="Refusal"><c>model_unloadable</c>.</exception>
    public async Task<int> ReadyAsync(TimeSpan within, CancellationToken cancel)
    {
        // A process loads in real time, whatever clock the server was given.
        using var deadline = new CancellationTokenSource(within, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            while (!HasExited)
            {
                if (await HealthAsync(either.Token) is { } health)
                {
                    return health.ContextLength;
                }

                await Task.WhenAny(Exited, Task.Delay(HealthPoll, TimeProvider.System, either.Token));
                either.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new Refusal(ModelUnloadable, string.Create(CultureInfo.InvariantCulture, $"The model was not ready after {within.TotalSeconds:0} seconds. Try a smaller quantisation of it."));
        }

        await _pumping; // the reason is in the last line
        throw new Refusal(ModelUnloadable, _output.Reason() is { } reason
            ? $"The model cannot be loaded: {reason}"
            : string.Create(CultureInfo.InvariantCulture, $"The model cannot be loaded: the engine stopped with exit code {ExitCode} while reading it. Check that the GGUF file is whole."));
    }

    /// <summary>Ends the process at once: it holds nothing that has to be saved, and its calls are over or lost.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await Exited;
        await _pumping;
        _process.Dispose();
        File.Delete(_socket);
    }

    private async Task<EngineHealth?> HealthAsync(CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("health", UriKind.Relative), cancel);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<EngineHealth>(cancel) : null;
        }
        catch (HttpRequestException)
        {
            return null; // it does not listen yet, or no longer
        }
    }

    private static HttpClient Connect(string socket)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxResponseDrainSize = 0, // leaving an answer has to cancel it, not to read on in case the connection can be kept
            PooledConnectionIdleTimeout = ConnectionIdle,
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        };
        return new HttpClient(handler) { BaseAddress = new Uri("http://engine/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="ContextLength">Tokens that prompt and answer may have together.</param>
    private sealed record EngineHealth([property: JsonPropertyName("context")] int ContextLength);
}
