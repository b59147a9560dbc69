using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Whether a README's metadata is in order. Clients ask before they commit one, and read JSON before the status.</summary>
internal static class ValidateCard
{
    public static void MapValidateCard(this IEndpointRouteBuilder routes) => routes.MapPost("/api/validate-yaml", (CardText card, HttpRequest request) =>
    {
        var verdict = Check(card.Content ?? "");
        var status = verdict.Errors.Count > 0 ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
        return request.Headers.Accept.ToString().StartsWith("text/plain", StringComparison.OrdinalIgnoreCase)
            ? Results.Text(verdict.ToString(), statusCode: status)
            : Results.Json(verdict, HubJson.Default.CardVerdict, statusCode: status);
    });

    public static CardVerdict Check(string readme)
    {
        var card = FrontMatter.Read(readme);
        if (card.Error is { } error)
        {
            return new CardVerdict([new CardRemark(card.Fix is null ? error : $"{error} {card.Fix}", card.Line, card.Fix)], []);
        }

        if (card.Data is not { } data)
        {
            return new CardVerdict([], [new CardRemark("The card has no metadata block. Begin README.md with one between two lines of three dashes.")]);
        }

        var lines = new CardLines(readme);
        return new CardVerdict([.. Errors(data, lines), .. LicenseErrors(data, lines)], [.. CardAdvice.Of(data, lines)]);
    }

    /// <exception cref="Refusal"><c>invalid_request</c>: the README that somebody commits has metadata that nothing can read.</exception>
    public static void Require(string readme)
    {
        var card = FrontMatter.Read(readme);
        var error = card.Error is null ? card.Data is { } data ? Errors(data, new CardLines(readme)).FirstOrDefault()?.Message : null : $"{card.Error} {card.Fix}".TrimEnd();
        if (error is not null)
        {
            throw new Refusal(RefusalCode.Invalid, $"Invalid metadata in README.md: {error}");
        }
    }

    // Whoever asks is told; whoever commits may know a license that we do not.
    private static IEnumerable<CardRemark> LicenseErrors(JsonObject data, CardLines lines) =>
        data.Texts("license").FirstOrDefault(l => !Licenses.IsKnown(l)) is { } unknown
            ? [CardRemark.At($"\"license\" must be one of [{Licenses.List}]", lines.Of("license"), CardAdvice.NearestLicense(unknown) is { } near ? $"Write \"license: {near}\"." : "Write \"license: other\" with \"license_name\" and \"license_link\".")]
            : [];

    private static IEnumerable<CardRemark> Errors(JsonObject data, CardLines lines)
    {
        if (data["model-index"] is { } index && index is not JsonArray)
        {
            yield return CardRemark.At("\"model-index\" must be an array", lines.Of("model-index"), "Begin each model with \"- name:\" on a line of its own.");
        }

        foreach (var key in (string[])["library_name", "pipeline_tag", "base_model_relation"])
        {
            if (data[key] is { } value && value is JsonArray or JsonObject)
            {
                yield return CardRemark.At($"\"{key}\" must be a text", lines.Of(key), "Write one value behind the colon.");
            }
        }

        foreach (var key in (string[])["tags", "datasets"])
        {
            if (data[key] is JsonObject)
            {
                yield return CardRemark.At($"\"{key}\" must be a list of texts", lines.Of(key), $"Write \"{key}: [one, two]\".");
            }
        }
    }
}

/// <param name="Content">The whole README.</param>
internal sealed record CardText(string? Content, string? RepoType)
{
    /// <summary>Old clients send a form.</summary>
    public static async ValueTask<CardText?> BindAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            return await context.Request.ReadBodyAsync(HubJson.Default.CardText) ?? throw new Refusal(RefusalCode.Invalid, "The body must be JSON with \"content\".");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        return new CardText(form["content"], form["repoType"]);
    }
}

internal sealed record CardVerdict(IReadOnlyList<CardRemark> Errors, IReadOnlyList<CardRemark> Warnings)
{
    /// <summary>A line each, for clients that show it to people as it is.</summary>
    public override string ToString() => string.Join('\n', Errors.Select(e => $"- Error: {e.Message}").Concat(Warnings.Select(w => $"- Warning: {w.Message}")));
}

/// <param name="Message">With the line and what to do, for clients that show nothing else.</param>
/// <param name="Line">From 1, in the whole README; null when it is not about one.</param>
/// <param name="Fix">What to write.</param>
internal sealed record CardRemark(string Message, int? Line = null, string? Fix = null)
{
    public static CardRemark At(string message, int? line, string fix) => new(line is null ? $"{message}. {fix}" : $"{message} (line {line}). {fix}", line, fix);
}
