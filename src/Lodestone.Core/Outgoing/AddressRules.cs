using System.Net;
using System.Net.Sockets;

namespace Lodestone.Core;

/// <summary>
/// Which addresses a user may have the server call: public ones, by the registries of special addresses (RFC 6890), and those that
/// the operator names. Addresses that stand for another one (IPv4 in IPv6) are judged as that one.
/// </summary>
internal sealed class AddressRules(OutgoingOptions options)
{
    private static readonly IPNetwork[] NotPublic =
    [
        .. Ranges(
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32", // a cloud's own services, at an address that looks public
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    ];

    // Everything else in IPv6 is loopback, link-local, unique local, multicast or not given out.
    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");

    // RFC 6052: the last four bytes are an IPv4 address that a translator sends on to.
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private readonly IPNetwork[] _allowed = [.. Ranges([.. options.AllowedRanges])];

    public bool Allow(IPAddress address)
    {
        var meant = Meant(address);
        return Array.Exists(_allowed, range => range.Contains(meant)) || IsPublic(meant);
    }

    private static bool IsPublic(IPAddress address) =>
        (address.AddressFamily is AddressFamily.InterNetwork || GlobalUnicast.Contains(address)) && !Array.Exists(NotPublic, range => range.Contains(address));

    private static IPAddress Meant(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        return address.AddressFamily is AddressFamily.InterNetworkV6 && Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes().AsSpan(12)) : address;
    }

    private static IEnumerable<IPNetwork> Ranges(params string[] ranges) => ranges.Select(IPNetwork.Parse);
}
