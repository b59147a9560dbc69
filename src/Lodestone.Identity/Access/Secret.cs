using System.Security.Cryptography;
using System.Text;

namespace Lodestone.Identity;

/// <summary>
/// Random values that prove something: tokens, sessions, links. Only their SHA-256 is stored (they have full entropy, so a slow
/// hash buys nothing) and they are found by it, which makes the comparison constant in time.
/// </summary>
internal static class Secret
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Length = 34; // 202 bits, and what hub clients' examples look like

    public static string New(string prefix) => prefix + RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>64 hex digits.</summary>
    public static string Hash(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));
}
