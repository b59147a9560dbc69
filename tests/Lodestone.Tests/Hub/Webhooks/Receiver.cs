using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub.Webhooks;

/// <summary>Somebody's own server that webhooks call: it can be down, answer as it is told, and remembers what it was sent.</summary>
internal sealed class Receiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Received> _received = new();

    private Receiver(string host, int port)
    {
        Url = $"http://{host}:{port}/hook";
        _listener.Prefixes.Add($"http://*:{port}/"); // whatever it is called by
    }

    public string Url { get; }

    public IReadOnlyList<Received> All => [.. _received];

    /// <summary>What it answers.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Where a redirect leads.</summary>
    public string? Location { get; set; }

    public static Receiver Start(string host = "127.0.0.1")
    {
        using var free = new TcpListener(IPAddress.Parse(host), 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var receiver = new Receiver(host, port);
        receiver.ComeUp();
        return receiver;
    }

    public void ComeUp()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public void GoDown() => _listener.Stop();

    /// <summary>What it was sent about one repository, in the order in which it came.</summary>
    public IReadOnlyList<Received> About(string name) => [.. All.Where(r => r.Body["repo"]!["name"]!.GetValue<string>() == name)];

    public Task CountAsync(int count) => Eventually.TrueAsync(() => Task.FromResult(_received.Count >= count));

    public void Dispose() => _listener.Close();

    private async Task AcceptAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                _received.Enqueue(new Received(context.Request.Headers.AllKeys.OfType<string>().ToDictionary(k => k, k => context.Request.Headers[k]!, StringComparer.OrdinalIgnoreCase), await reader.ReadToEndAsync()));
                context.Response.StatusCode = Status;
                context.Response.RedirectLocation = Location;
                context.Response.KeepAlive = false;
                context.Response.Close();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}

/// <param name="Text">The body as it was sent.</param>
internal sealed record Received(IReadOnlyDictionary<string, string> Headers, string Text)
{
    public JsonNode Body { get; } = JsonNode.Parse(Text)!;

    public string Scope => $"{Body["event"]!["scope"]} {Body["event"]!["action"]}";
}
