using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Lodestone.Identity;

/// <summary>The token in a request's headers: Bearer, Basic (git; as password or as user name) or <c>x-api-key</c>.</summary>
/// <param name="Value">The token as sent; <see langword="null"/> when the header is there but cannot be read.</param>
/// <param name="Challenge">What <c>WWW-Authenticate</c> says when the token is not good.</param>
internal readonly record struct AuthorizationHeader(string? Value, string Challenge)
{
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";
    private const string BearerChallenge = "Bearer realm=\"Lodestone\"";
    private const string BasicChallenge = "Basic realm=\"Lodestone\", charset=\"UTF-8\"";
    private const int Longest = 4096;

    /// <summary><see langword="null"/> when the request carries no such header.</summary>
    public static AuthorizationHeader? Of(HttpRequest request)
    {
        if (request.Headers.Authorization is { Count: > 0 } authorization)
        {
            return Read(authorization);
        }

        return request.Headers["x-api-key"] is { Count: > 0 } key ? new(key.Count == 1 ? Token(key[0]) : null, BearerChallenge) : null;
    }

    private static AuthorizationHeader Read(StringValues header)
    {
        var text = header.ToString();
        if (header.Count != 1 || text.Length > Longest)
        {
            return new(null, BearerChallenge);
        }

        if (text.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return new(Token(text[Bearer.Length..]), BearerChallenge);
        }

        return text.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) ? new(FromBasic(text[Basic.Length..]), BasicChallenge) : new(null, BearerChallenge);
    }

    private static string? FromBasic(string encoded)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Longest);
        try
        {
            if (!Convert.TryFromBase64String(encoded.Trim(), bytes, out var count))
            {
                return null;
            }

            var text = Encoding.UTF8.GetString(bytes, 0, count);
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                return null;
            }

            var (user, password) = (text[..colon], text[(colon + 1)..]);
            return Token(IsToken(user) && !IsToken(password) ? user : password);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes, clearArray: true);
        }
    }

    private static bool IsToken(string value) => value.StartsWith(AccessToken.Prefix, StringComparison.Ordinal);

    private static string? Token(string? value) => value?.Trim() is { Length: > 0 } token ? token : null;
}
