using Lodestone.Core;

namespace Lodestone.Identity;

/// <summary>The form of an e-mail address, checked only as far as a typing mistake shows; whether mail arrives is what verifying is for.</summary>
internal static class EmailAddress
{
    private const int Longest = 254; // RFC 5321 section 4.5.3.1

    public static string Lower(string address) => address.ToLowerInvariant();

    /// <exception cref="Refusal"><c>invalid_email</c>.</exception>
    public static void Check(string address)
    {
        var at = address.LastIndexOf('@');
        var isAddress = at > 0 && at < address.Length - 1 && address.Length <= Longest && !address.Any(c => char.IsWhiteSpace(c) || char.IsControl(c));
        if (!isAddress)
        {
            throw new Refusal(IdentityRefusals.InvalidEmail, "Give an e-mail address such as ada@example.org.") { Param = "email" };
        }
    }
}
