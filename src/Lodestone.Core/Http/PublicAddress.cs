using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;

namespace Lodestone.Core;

/// <summary>
/// Where people and programs reach this server, for what is written without a request to take it from: mails, webhooks. The setting
/// <c>PublicUrl</c>, or else the address that the server listens on.
/// </summary>
public sealed class PublicAddress(IServer server, IConfiguration settings)
{
    /// <summary>Without a trailing slash.</summary>
    public string Value => (settings["PublicUrl"] is { Length: > 0 } chosen ? chosen : Listening()).TrimEnd('/');

    private string Listening()
    {
        var address = new UriBuilder(server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "http://localhost");
        address.Host = address.Host is "0.0.0.0" or "[::]" or "+" or "*" ? "localhost" : address.Host;
        return address.Uri.ToString();
    }
}
