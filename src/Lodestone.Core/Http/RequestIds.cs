using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Core;

/// <summary>
/// Every answer carries <c>X-Request-Id</c>: the client's own when it sent one, else one that contains its
/// <c>X-Amzn-Trace-Id</c>, else a new one. The same id is in logs, in metering events and in error bodies.
/// </summary>
public static class RequestIds
{
    private const string Header = "X-Request-Id";
    private const int LongestTaken = 128;

    internal static IApplicationBuilder UseRequestIds(this IApplicationBuilder app, TimeProvider clock) => app.Use((context, next) =>
    {
        context.TraceIdentifier = Taken(context.Request.Headers[Header]) ?? Taken(context.Request.Headers["X-Amzn-Trace-Id"])
            ?? New(clock);
        context.Response.Headers[Header] = context.TraceIdentifier;
        context.Response.OnStarting(
            static state =>
            {
                var started = (HttpContext)state;
                started.Response.Headers[Header] = started.TraceIdentifier; // the exception handler clears headers
                return Task.CompletedTask;
            },
            context);
        return next(context);
    });

    internal static string New(TimeProvider clock) => PublicId.Format("req", Guid.CreateVersion7(clock.GetUtcNow()));

    private static string? Taken(string? sent) =>
        sent is { Length: > 0 and <= LongestTaken } && !sent.AsSpan().ContainsAnyExceptInRange('!', '~') ? sent : null;
}
