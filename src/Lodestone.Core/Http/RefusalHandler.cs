using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Core;

/// <summary>Writes the page for a refused page request. Ui owns the page; Core only knows that there is one.</summary>
public delegate Task RefusalPage(HttpContext context, Refusal refusal);

/// <summary>Turns a <see cref="Refusal"/>, or a fault of ours, into the answer that the route's clients understand.</summary>
internal sealed partial class RefusalHandler(RefusalPage page, ILogger<RefusalHandler> log) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            httpContext.Response.StatusCode = 499; // the client left; nobody reads this
            return true;
        }

        var refusal = exception as Refusal ?? Translate(exception);
        if (refusal is null)
        {
            Failed(log, httpContext.Request.Method, httpContext.Request.Path, exception);
            refusal = new Refusal(new RefusalCode("internal_error", 500), $"Something failed on our side. Quote the request id {httpContext.TraceIdentifier} when you report it.");
        }

        await WriteAsync(httpContext, refusal);
        return true;
    }

    /// <summary>Also for refusals that do not pass through an exception: a 404 or 405 from routing.</summary>
    public async Task WriteAsync(HttpContext context, Refusal refusal)
    {
        var response = context.Response;
        response.StatusCode = refusal.Code.Status;
        foreach (var (name, value) in refusal.Headers)
        {
            response.Headers[name] = value;
        }

        if (refusal.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture);
        }

        var shape = ErrorShapes.ShapeOf(context);
        if (shape is ErrorShape.Page)
        {
            await page(context, refusal);
            return;
        }

        if (shape is ErrorShape.Hub or ErrorShape.Lfs or ErrorShape.Oauth) // hub clients speak Git LFS too, and read only these
        {
            response.Headers["X-Error-Message"] = HeaderText(refusal.Message);
            if (refusal.Code.HubCode is { } code)
            {
                response.Headers["X-Error-Code"] = code;
            }
        }

        if (shape is ErrorShape.Text)
        {
            response.ContentType = "text/plain; charset=utf-8";
            await response.WriteAsync(refusal.Message + "\n");
            return;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        await response.WriteAsJsonAsync(Body(context, refusal, shape), JsonSerializerOptions.Web, MediaType(shape));
    }

    private static Refusal? Translate(Exception exception) => exception switch
    {
        BadHttpRequestException { StatusCode: 413 } tooLarge => new Refusal(RefusalCode.TooLarge, tooLarge.Message),
        BadHttpRequestException { InnerException: JsonException json } => new Refusal(
            RefusalCode.Invalid, $"The body is not valid JSON at line {json.LineNumber + 1}, position {json.BytePositionInLine + 1}."),
        BadHttpRequestException bad => new Refusal(RefusalCode.Invalid, bad.Message),
        IOException { HResult: DiskFull or DiskFullWindows } or SqliteException { SqliteErrorCode: DatabaseFull }
            or DbUpdateException { InnerException: SqliteException { SqliteErrorCode: DatabaseFull } } =>
            new Refusal(RefusalCode.StorageFull, "The server's disk is full. Nothing was stored; ask its operator to make room."),
        _ => null,
    };

    private const int DatabaseFull = 13; // SQLITE_FULL
    private const int DiskFull = 28; // ENOSPC
    private const int DiskFullWindows = unchecked((int)0x80070070);

    private static IReadOnlyDictionary<string, object?> Body(HttpContext context, Refusal refusal, ErrorShape shape)
    {
        return shape switch
        {
            ErrorShape.OpenAi => new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["error"] = new Dictionary<string, object?>(refusal.Details, StringComparer.Ordinal)
                {
                    ["message"] = refusal.Message,
                    ["type"] = OpenAiType(refusal.Code.Status),
                    ["param"] = refusal.Param,
                    ["code"] = refusal.Code.Code,
                    ["request_id"] = context.TraceIdentifier,
                },
            },
            ErrorShape.Anthropic => AnthropicErrors.Body(refusal, context.TraceIdentifier),
            ErrorShape.Lfs => new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["message"] = refusal.Message,
                ["request_id"] = context.TraceIdentifier,
            },
            ErrorShape.Oauth => new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["error"] = refusal.Code.Code,
                ["error_description"] = refusal.Message,
            },
            ErrorShape.Hub => new Dictionary<string, object?>(refusal.Details, StringComparer.Ordinal) { ["error"] = refusal.Message },
            _ => new Dictionary<string, object?>(refusal.Details, StringComparer.Ordinal)
            {
                ["type"] = "about:blank",
                ["title"] = refusal.Message,
                ["status"] = refusal.Code.Status,
                ["code"] = refusal.Code.Code,
                ["requestId"] = context.TraceIdentifier,
            },
        };
    }

    private static string MediaType(ErrorShape shape) => shape switch
    {
        ErrorShape.Problem => "application/problem+json",
        ErrorShape.Lfs => "application/vnd.git-lfs+json",
        _ => "application/json",
    };

    private static string OpenAiType(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        409 => "conflict",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    // Header values are one line of ASCII.
    private static string HeaderText(string message) => string.Create(message.Length, message, static (span, text) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = text[i] is >= ' ' and < '\x7f' ? text[i] : '?';
        }
    });

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void Failed(ILogger log, string method, string path, Exception failure);
}
