using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using IPNetwork = System.Net.IPNetwork;

namespace Lodestone.Core;

/// <summary>Settings under <c>Proxies</c>: who stands in front of the server.</summary>
public sealed record ProxyOptions
{
    /// <summary>
    /// Ranges of addresses, such as <c>10.0.0.5/32</c>, of proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are
    /// believed; none unless given, and then these headers are ignored. The caller is the right-most address that is not in them.
    /// </summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    internal bool IsValid => Trusted.All(range => IPNetwork.TryParse(range, out _));
}

internal static class TrustedProxies
{
    /// <summary>Before everything that asks for the caller's address.</summary>
    public static void UseTrustedProxies(this WebApplication app)
    {
        var trusted = app.Services.GetRequiredService<ProxyOptions>().Trusted;
        if (trusted.Count == 0)
        {
            return;
        }

        var headers = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        headers.KnownProxies.Clear(); // the loopback, which would be trusted unasked
        headers.KnownIPNetworks.Clear();
        foreach (var range in trusted)
        {
            headers.KnownIPNetworks.Add(IPNetwork.Parse(range));
        }

        app.UseForwardedHeaders(headers);
    }
}
