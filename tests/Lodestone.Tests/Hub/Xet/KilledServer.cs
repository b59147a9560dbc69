using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Lodestone.Tests.Hub;

/// <summary>The server as a process of its own, killed without warning and started again on what it left.</summary>
internal sealed class KilledServer : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("lodestone-kills-").FullName;
    private readonly TestDatabase? _database;
    private Process? _process;

    private KilledServer(TestDatabase? database, int port)
    {
        _database = database;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "hf_walkTheoCalls000000000000000000000"); // of the seed
    }

    /// <summary>With the token of Theo, who writes.</summary>
    public HttpClient Client { get; }

    /// <summary>Files in the folder of xorbs that are not whole.</summary>
    public int Leftovers => Directory.GetFiles(Path.Combine(_data, "xorbs", "incoming")).Length;

    public static async Task<KilledServer> CreateAsync()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        return new KilledServer(await TestDatabase.CreateAsync(), ((IPEndPoint)port.LocalEndpoint).Port);
    }

    public async Task StartAsync()
    {
        string[] arguments =
        [
            "serve", "--data", _data, "--url", Client.BaseAddress!.ToString(), "--no-demo", "--seed", Path.Combine(Executable.Root, "scripts", "walk.seed.json"),
            .. _database is null ? Array.Empty<string>() : ["--database", _database.ConnectionString],
        ];
        _process = Process.Start(new ProcessStartInfo(Executable.Lodestone, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!; // not started by the shell
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Eventually.TrueAsync(IsReadyAsync);
    }

    /// <summary>SIGKILL, wherever it is just now.</summary>
    public async Task KillAsync()
    {
        _process!.Kill(); // started
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        Client.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync("/health/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
