using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Lodestone.Tests.Engine;

/// <summary>A real worker in its own process, and a client on its socket.</summary>
public sealed class EngineProcess : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("engine");
    private Process? _process;

    public static string DemoModel { get; } = Path.Combine(Repository(), "demo", "compass-3m-chat", "compass-3m-chat-Q8_0.gguf");

    public string Socket => Path.Combine(_folder.FullName, "s");

    public HttpClient Client => field ??= new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = new Uri("http://engine") };

    public Process Process => _process ?? throw new InvalidOperationException("Not started.");

    /// <summary>Starts a worker and waits for its end.</summary>
    public static async Task<(int ExitCode, string Errors)> RunToEnd(params string[] arguments)
    {
        using var process = Launch(arguments);
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }

    /// <summary>Runs a verb that ends by itself, and returns what it said.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "lodestone-engine"), arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("The worker did not start.");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    public async ValueTask InitializeAsync() => await Start(DemoModel);

    public async Task Start(string model, params string[] more)
    {
        _process = Launch(["--model", model, "--socket", Socket, "--name", "lodestone/compass", .. more]);
        await Eventually(async () =>
        {
            Assert.False(_process.HasExited, "the worker ended early");
            return File.Exists(Socket) && (await Client.GetAsync("/health")).StatusCode is HttpStatusCode.OK;
        });
    }

    /// <summary>Asks the model and returns status and body.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> Post(string path, object body)
    {
        using var response = await Client.PostAsJsonAsync(path, body);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async Task<JsonElement> Health() => await Client.GetFromJsonAsync<JsonElement>("/health");

    /// <summary>Streams an answer and returns its chunks; the last line is checked to be the end mark.</summary>
    public async Task<IReadOnlyList<JsonElement>> Stream(object body, string path = "/v1/chat/completions")
    {
        using var response = await Client.PostAsJsonAsync(path, body);
        var lines = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("data: [DONE]", lines[^1]);
        return lines[..^1].Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement).ToList();
    }

    /// <summary>Waits until something holds, for ten seconds at most.</summary>
    public static async Task Eventually(Func<Task<bool>> holds)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await HoldsAsync(holds))
        {
            await tick.WaitForNextTickAsync(deadline.Token);
        }
    }

    // The socket is there a moment before the worker listens on it.
    private static async Task<bool> HoldsAsync(Func<Task<bool>> holds)
    {
        try
        {
            return await holds();
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    internal static Process Launch(params IEnumerable<string> arguments)
    {
        var worker = Path.Combine(AppContext.BaseDirectory, "lodestone-engine");
        return Process.Start(new ProcessStartInfo(worker, arguments) { RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("The worker did not start.");
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static string Repository([CallerFilePath] string file = "")
    {
        var folder = Path.GetDirectoryName(file);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Lodestone.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The repository is not where the tests were built.");
    }
}
