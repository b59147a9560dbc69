using System.Text.Json;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>An amount as it comes in: a decimal string. A JSON number is refused, because readers of JSON make binary fractions of those.</summary>
[JsonConverter(typeof(AmountTextConverter))]
internal sealed record AmountText(string Text);

/// <summary>Reads amounts that people and programs wrote.</summary>
internal static class Amounts
{
    private const int MostDecimals = 12;

    private static readonly RefusalCode NotString = new("amount_not_string", 400);
    private static readonly RefusalCode Malformed = new("amount_malformed", 400);
    private static readonly RefusalCode TooPrecise = new("too_precise", 422);
    private static readonly RefusalCode UnknownCurrency = new("unknown_currency", 422);

    /// <summary>The amount in the server's currency.</summary>
    /// <param name="text">A decimal such as <c>12.50</c>.</param>
    /// <param name="param">The field, as the client named it.</param>
    /// <exception cref="Refusal"><c>amount_malformed</c>, <c>too_precise</c>.</exception>
    public static Money Read(string? text, string param)
    {
        var trimmed = text?.Trim();
        if (Money.TryParse(trimmed, BillingOptions.Currency, out var money))
        {
            return money;
        }

        var point = trimmed?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        throw point >= 0 && trimmed!.Length - point - 1 > MostDecimals // a point was found in it
            ? new Refusal(TooPrecise, $"Amounts have at most {MostDecimals} decimals.") { Param = param }
            : new Refusal(Malformed, $"'{trimmed}' is not an amount. Write a decimal such as \"0.60\", without sign, separators or exponent.") { Param = param };
    }

    /// <exception cref="Refusal"><c>unknown_currency</c>.</exception>
    public static void Check(string? currency)
    {
        if (currency is not null && currency != BillingOptions.Currency.Code)
        {
            throw new Refusal(UnknownCurrency, $"Amounts here are in {BillingOptions.Currency}, not {currency}.") { Param = "currency" };
        }
    }

    internal static Refusal IsNotString() => new(NotString, "Amounts are decimal strings, such as \"0.60\", not JSON numbers.");
}

internal sealed class AmountTextConverter : JsonConverter<AmountText>
{
    public override AmountText Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType is JsonTokenType.String ? new AmountText(reader.GetString()!) : throw Amounts.IsNotString(); // a string token has a string

    public override void Write(Utf8JsonWriter writer, AmountText value, JsonSerializerOptions options) => writer.WriteStringValue(value.Text);
}
