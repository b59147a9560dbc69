using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Core;

/// <summary>How a refusal is written, as the clients of a route read it.</summary>
public enum ErrorShape
{
    /// <summary>RFC 9457 problem details with a stable <c>code</c>.</summary>
    Problem,

    /// <summary><c>{"error": "…"}</c> with <c>X-Error-Code</c> and <c>X-Error-Message</c>.</summary>
    Hub,

    /// <summary><c>{"error": {"message", "type", "param", "code"}}</c>.</summary>
    OpenAi,

    /// <summary><c>{"type": "error", "error": {"type", "message"}, "request_id"}</c>, as Anthropic's clients read it.</summary>
    Anthropic,

    /// <summary><c>{"message", "request_id"}</c> in the Git LFS media type.</summary>
    Lfs,

    /// <summary>One line of plain text, as git prints it.</summary>
    Text,

    /// <summary>A page.</summary>
    Page,

    /// <summary><c>{"error": code, "error_description": "…"}</c>, as RFC 6749 section 5.2 has it.</summary>
    Oauth,
}

public static class ErrorShapes
{
    /// <summary>Says which clients call these routes.</summary>
    public static TBuilder WithErrorShape<TBuilder>(this TBuilder routes, ErrorShape shape)
        where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new ErrorShapeMetadata(shape));

    /// <summary>The shape of the matched route; where no route matched, by the kind of path.</summary>
    internal static ErrorShape ShapeOf(HttpContext context)
    {
        // The exception handler clears the endpoint before it calls us, and keeps it in its feature.
        var endpoint = context.GetEndpoint() ?? context.Features.Get<Microsoft.AspNetCore.Diagnostics.IExceptionHandlerFeature>()?.Endpoint;
        if (endpoint?.Metadata.GetMetadata<ErrorShapeMetadata>() is { } declared)
        {
            return declared.Shape;
        }

        var path = context.Request.Path;
        if (path.StartsWithSegments("/v1", StringComparison.Ordinal))
        {
            return ErrorShape.OpenAi;
        }

        if (path.StartsWithSegments("/api/v1", StringComparison.Ordinal))
        {
            return ErrorShape.Problem;
        }

        if (path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            return ErrorShape.Hub;
        }

        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) ? ErrorShape.Page : ErrorShape.Hub;
    }

    /// <summary>Whether the matched route is a page, or a form of one.</summary>
    public static bool IsPage(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ErrorShapeMetadata>() is { Shape: ErrorShape.Page };

    /// <summary>Whether programs call the matched route, rather than people or git; where none matched, by the kind of path.</summary>
    internal static bool IsForPrograms(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<ErrorShapeMetadata>() is { } declared
            ? declared.Shape is not (ErrorShape.Page or ErrorShape.Text)
            : context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);

    private sealed record ErrorShapeMetadata(ErrorShape Shape);
}
