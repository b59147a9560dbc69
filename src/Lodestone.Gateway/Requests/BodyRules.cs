using System.Globalization;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lodestone.Gateway;

/// <summary>What every dialect's bodies have in common: JSON objects whose members have types and bounds. <c>null</c> is absent.</summary>
internal static class BodyRules
{
    /// <summary>Reads the whole body before anything else is done for it.</summary>
    /// <exception cref="Refusal"><c>invalid_json</c> with the position, or <c>request_too_large</c>.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext http, long largestBody, CancellationToken cancel)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = largestBody;
        }

        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(http.Request.Body, default, cancel);
        }
        catch (JsonException broken)
        {
            throw GatewayRefusals.NotJson((broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1);
        }

        if (document.RootElement.ValueKind is not JsonValueKind.Object)
        {
            document.Dispose();
            throw GatewayRefusals.NotAnObject();
        }

        return document;
    }

    public static bool TryGet(JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;

    public static string RequiredText(JsonElement owner, string name, string? param = null)
    {
        param ??= name;
        if (!TryGet(owner, name, out var value))
        {
            throw GatewayRefusals.Missing(param);
        }

        return value.ValueKind is JsonValueKind.String && Text(value, param) is { Length: > 0 } text
            ? text
            : throw GatewayRefusals.Invalid(param, "must be a string that is not empty.");
    }

    /// <summary>A string where there is one, which may be empty.</summary>
    public static string? OptionalText(JsonElement owner, string name, string? param = null)
    {
        param ??= name;
        if (!TryGet(owner, name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.String ? Text(value, param) : throw GatewayRefusals.Invalid(param, "must be a string.");
    }

    public static bool Flag(JsonElement owner, string name, string? param = null, bool otherwise = false)
    {
        if (!TryGet(owner, name, out var value))
        {
            return otherwise;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw GatewayRefusals.Invalid(param ?? name, "must be true or false."),
        };
    }

    public static JsonElement? OptionalObject(JsonElement owner, string name, string? param = null)
    {
        if (!TryGet(owner, name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.Object ? value : throw GatewayRefusals.Invalid(param ?? name, "must be an object.");
    }

    public static JsonElement RequiredObject(JsonElement owner, string name, string? param = null) =>
        OptionalObject(owner, name, param) ?? throw GatewayRefusals.Missing(param ?? name);

    /// <summary>The members of an array, with each one's name for refusals.</summary>
    public static IEnumerable<(JsonElement Item, string Param)> Items(JsonElement array, string param)
    {
        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            yield return (item, string.Create(CultureInfo.InvariantCulture, $"{param}[{index++}]"));
        }
    }

    // Only here is a text's encoding looked at: the parser lets broken UTF-8 and half surrogates through.
    public static string Text(JsonElement value, string param)
    {
        try
        {
            return value.GetString()!; // the callers know that it is a string
        }
        catch (InvalidOperationException)
        {
            throw GatewayRefusals.Invalid(param, "is not valid Unicode text.");
        }
    }

    public static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}

/// <summary>A number with its bounds, both allowed.</summary>
internal sealed record NumberRule(string Name, double Least, double Most, bool IsWhole = false)
{
    public void Check(JsonElement value, string? param = null)
    {
        if (IsWhole)
        {
            Whole(value, param);
        }
        else if (value.ValueKind is not JsonValueKind.Number || !(value.GetDouble() >= Least && value.GetDouble() <= Most))
        {
            throw Refused(param);
        }
    }

    public long Whole(JsonElement value, string? param = null) =>
        value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) && number >= Least && number <= Most ? number : throw Refused(param);

    /// <summary>The number, where the body has it.</summary>
    public long? OptionalWhole(JsonElement owner) => BodyRules.TryGet(owner, Name, out var value) ? Whole(value) : null;

    private Refusal Refused(string? param) => GatewayRefusals.Invalid(param ?? Name, string.Create(CultureInfo.InvariantCulture,
        $"must be a {(IsWhole ? "whole " : "")}number{(Most is long.MaxValue ? "" : Most is int.MaxValue ? $" of at least {Least}" : $" from {Least} to {Most}")}."));
}
