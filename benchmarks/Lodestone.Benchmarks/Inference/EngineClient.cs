using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;

namespace Lodestone.Benchmarks.Inference;

/// <summary>A worker in its own process, and a client on its socket that times what comes.</summary>
internal sealed class EngineClient : IAsyncDisposable
{
    private static readonly Dictionary<string, int> NeverEnds = new(StringComparer.Ordinal) { ["4093"] = -100, ["4095"] = -100 };

    private readonly string _socket = Path.Combine(Path.GetTempPath(), $"bench-{Guid.CreateVersion7():N}.sock");
    private readonly Process _process;
    private readonly HttpClient _http;

    private EngineClient(string model, int threads, int slots, string[] more)
    {
        var worker = Path.Combine(AppContext.BaseDirectory, "lodestone-engine");
        string[] arguments = ["--model", model, "--socket", _socket, "--threads", threads.ToString(CultureInfo.InvariantCulture), "--slots", slots.ToString(CultureInfo.InvariantCulture), .. more];
        _process = Process.Start(new ProcessStartInfo(worker, arguments)) ?? throw new InvalidOperationException("The worker did not start.");
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://engine") };
    }

    public static async Task<EngineClient> Start(string model, int threads, int slots, params string[] more)
    {
        var client = new EngineClient(model, threads, slots, more);
        while (!await client.IsReady())
        {
            await Task.Delay(20);
        }

        return client;
    }

    /// <summary>Has a prompt of tokens continued, streamed.</summary>
    /// <returns>Until the first token came.</returns>
    public async Task<TimeSpan> Complete(int[] prompt, int tokens, CancellationToken cancel, object? format = null, string? adapter = null)
    {
        var body = new { prompt, max_tokens = tokens, temperature = 0.8, seed = 1, stream = true, lodestone_usage = true, logit_bias = NeverEnds, response_format = format };
        var watch = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Post, adapter is null ? "/v1/completions" : $"/v1/completions?adapter={adapter}") { Content = JsonContent.Create(body) };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[1 << 16];
        var first = TimeSpan.Zero;
        var last = 0;
        for (int count; (count = await stream.ReadAsync(buffer, cancel)) > 0; last = count)
        {
            first = first == TimeSpan.Zero ? watch.Elapsed : first;
        }

        return last > 0 || first > TimeSpan.Zero ? first : throw new InvalidOperationException("Nothing came.");
    }

    /// <summary>Tokens per second of so many streams at once, prompts included in the time.</summary>
    public async Task<double> Throughput(Random random, int streams, int prompt, int tokens, object? format = null)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Complete(Prompt(random, prompt), tokens, CancellationToken.None, format)));
        return streams * tokens / watch.Elapsed.TotalSeconds;
    }

    /// <summary>The same with a stream for each adapter that is named.</summary>
    public async Task<double> Throughput(Random random, IReadOnlyList<string> adapters, int prompt, int tokens)
    {
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(adapters.Select(adapter => Complete(Prompt(random, prompt), tokens, CancellationToken.None, adapter: adapter)));
        return adapters.Count * tokens / watch.Elapsed.TotalSeconds;
    }

    public async Task Learn(string id, string weights)
    {
        using var answer = await _http.PostAsJsonAsync("/adapters", new { id, weights });
        answer.EnsureSuccessStatusCode();
    }

    public static int[] Prompt(Random random, int length) => Enumerable.Range(0, length).Select(_ => random.Next(4000)).ToArray();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_socket);
    }

    private async Task<bool> IsReady()
    {
        try
        {
            using var response = await _http.GetAsync("/health");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException) when (!_process.HasExited)
        {
            return false;
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
