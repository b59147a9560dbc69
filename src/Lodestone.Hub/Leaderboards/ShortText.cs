using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Short texts that people type.</summary>
internal static class ShortText
{
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string Required(string? text, int longest, string param) => CardValues.Clean(text ?? "").Trim() is { Length: > 0 } good && good.Length <= longest
        ? good
        : throw new Refusal(RefusalCode.Invalid, $"\"{param}\" must have 1 to {longest} characters") { Param = param };

    /// <returns>Null where there is nothing.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string? Optional(string? text, int longest, string param) => string.IsNullOrWhiteSpace(CardValues.Clean(text ?? "")) ? null : Required(text, longest, param);
}
