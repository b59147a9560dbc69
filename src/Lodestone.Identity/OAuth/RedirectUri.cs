using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>Where an app may have people sent back to. Compared as text; only the port of this machine's own addresses may differ.</summary>
internal static class RedirectUri
{
    private const int Longest = 2000;

    /// <exception cref="Refusal"><c>invalid_redirect_uri</c>.</exception>
    public static void Check(string uri)
    {
        if (!IsSafe(uri))
        {
            throw new Refusal(
                OauthRefusals.InvalidRedirectUri,
                $"'{uri}' cannot be a redirect address. Give https://…, http://localhost/… or http://127.0.0.1/… for a program on the person's machine, or a scheme with a dot such as com.example.app:/…; without '#'.")
            {
                Param = "redirectUris",
            };
        }
    }

    /// <summary>Whether one of the registered addresses is this one. RFC 8252 section 7.3: a program on the person's machine takes the port that is free.</summary>
    public static bool Matches(IReadOnlyList<string> registered, string asked) =>
        registered.Contains(asked, StringComparer.Ordinal) || (IsSafe(asked) && registered.Any(one => DiffersInPortOnly(one, asked)));

    /// <summary>Whether the address is the person's own machine or an app on it, where anybody may listen.</summary>
    public static bool IsLocal(string uri) => !uri.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>As a source expression of a content security policy.</summary>
    public static string Source(string uri)
    {
        var target = new Uri(uri);
        var isWeb = target.Scheme == Uri.UriSchemeHttps || target.Scheme == Uri.UriSchemeHttp;
        return isWeb && target.HostNameType is not UriHostNameType.IPv6 ? target.GetLeftPart(UriPartial.Authority) : $"{target.Scheme}:"; // no source names an IPv6 address
    }

    /// <summary>The address with parameters added to its query. Where it ends with its host it gets the path that browsers would give it: apps look for it.</summary>
    /// <param name="state">As it was sent, still encoded: it goes back byte for byte.</param>
    public static string With(string uri, string? state, params (string Name, string Value)[] parameters)
    {
        var added = parameters.Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}").Concat(state is null ? [] : [$"state={state}"]);
        return $"{uri}{(EndsWithHost(uri) ? "/" : "")}{(uri.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{string.Join('&', added)}";
    }

    private static bool EndsWithHost(string uri) =>
        uri.Split("://") is ["http" or "https", var rest] && rest.AsSpan().IndexOfAny('/', '?') < 0;

    private static bool IsSafe(string uri)
    {
        if (uri.Length > Longest || !Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || parsed.UserInfo.Length > 0
            || uri.Contains('#', StringComparison.Ordinal) || uri.Contains('\\', StringComparison.Ordinal) || uri.Any(c => c is <= ' ' or >= '\x7f'))
        {
            return false;
        }

        return parsed.Scheme == Uri.UriSchemeHttps || (parsed.Scheme == Uri.UriSchemeHttp && parsed.IsLoopback) || parsed.Scheme.Contains('.', StringComparison.Ordinal);
    }

    private static bool DiffersInPortOnly(string registered, string asked) =>
        Uri.TryCreate(registered, UriKind.Absolute, out var known) && known.Scheme == Uri.UriSchemeHttp && known.IsLoopback
        && Uri.TryCreate(asked, UriKind.Absolute, out var wanted)
        && new UriBuilder(known) { Port = wanted.Port }.Uri.AbsoluteUri == wanted.AbsoluteUri;
}
