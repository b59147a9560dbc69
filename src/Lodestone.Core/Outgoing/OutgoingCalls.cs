using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lodestone.Core;

/// <summary>Finds the addresses of a host. Replaced in tests, where names change their addresses.</summary>
public delegate Task<IPAddress[]> HostLookup(string host, CancellationToken cancel);

/// <summary>
/// Calls to addresses that a user named. Wherever a name leads, it is looked up once, every address is checked, and the connection
/// goes to a checked one: a name that changes its mind in between changes nothing. Redirects are answers, not followed; there is no
/// proxy; an answer may take ten seconds, and of its body the first 16 KiB are read.
/// </summary>
public sealed class OutgoingCalls : IDisposable
{
    private const int MostRead = 16 * 1024;
    private const int LongestAddress = 2000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly RefusalCode NotPublic = new("address_not_public", 422);

    private readonly AddressRules _rules;
    private readonly HostLookup _lookup;
    private readonly HttpMessageInvoker _client;

    public OutgoingCalls(OutgoingOptions options, HostLookup lookup)
    {
        _rules = new AddressRules(options);
        _lookup = lookup;
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            ConnectTimeout = Patience,
            MaxResponseHeadersLength = 16, // KiB
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1), // then the name is looked up again
        });
    }

    /// <summary>An address as somebody typed it, if it is one that can be called. Its name is looked up when it is called.</summary>
    /// <exception cref="Refusal"><c>unprocessable</c>, or <c>address_not_public</c> for a number that may not be called.</exception>
    public Uri Check(string? address, string param)
    {
        var isAddress = Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp);
        if (!isAddress || address!.Length > LongestAddress || uri!.UserInfo.Length > 0 || uri.Host.Length == 0) // both are given where it is an address
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give an address that begins with https:// or http://, without a name and password in it.") { Param = param };
        }

        return IPAddress.TryParse(uri.DnsSafeHost, out var number) && !_rules.Allow(number) ? throw Refused(param) : uri;
    }

    /// <summary>Sends the request. A status of any kind is an answer.</summary>
    /// <exception cref="HttpRequestException">Nobody answered, or the address may not be called.</exception>
    /// <exception cref="TimeoutException">The answer took too long.</exception>
    public async Task<OutgoingAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Patience);
        try
        {
            using var answer = await _client.SendAsync(request, deadline.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(deadline.Token);
            var read = new byte[MostRead];
            var count = await body.ReadAtLeastAsync(read, MostRead, throwOnEndOfStream: false, deadline.Token);
            return new OutgoingAnswer(answer.StatusCode, Encoding.UTF8.GetString(read, 0, count));
        }
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"There was no answer within {Patience.TotalSeconds:0} seconds.", late);
        }
    }

    /// <summary>Sends the request and returns as soon as the answer begins; its body comes for as long as the caller waits. The caller disposes it.</summary>
    /// <exception cref="HttpRequestException">Nobody answered, or the address may not be called.</exception>
    public Task<HttpResponseMessage> BeginAsync(HttpRequestMessage request, CancellationToken cancel) => _client.SendAsync(request, cancel);

    public void Dispose() => _client.Dispose();

    private static Refusal Refused(string? param) => new(
        NotPublic, "This server does not call addresses in private networks. Give a public address, or ask its operator to name the range under Outgoing:AllowedRanges.")
    {
        Param = param,
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = IPAddress.TryParse(host, out var number) ? [number] : await _lookup(host, cancel);
        if (!Array.TrueForAll(addresses, _rules.Allow))
        {
            throw Refused(null);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <param name="Body">Its beginning, read as UTF-8.</param>
public sealed record OutgoingAnswer(HttpStatusCode Status, string Body)
{
    /// <summary>2xx. A redirect is none: whoever registered an address gives the new one.</summary>
    public bool IsGood => (int)Status is >= 200 and < 300;
}
