using System.Collections.Frozen;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Traces the calls that come over a route, whatever becomes of them. Those of nobody belong to nobody and are not traced.</summary>
internal sealed class CallTracing(CallLog log, BodyKeeping bodies, Caller caller, TimeProvider clock)
{
    private static readonly FrozenDictionary<string, string> Operations = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["completions"] = "text_completion", ["generate"] = "text_completion", ["fim"] = "text_completion",
        ["embeddings"] = "embeddings", ["embed"] = "embeddings", ["feature-extraction"] = "embeddings", ["sentence-similarity"] = "embeddings",
        ["rerank"] = "rerank", ["count_tokens"] = "", ["show"] = "",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public async Task<T> TraceAsync<T>(HttpContext http, Func<Task<T>> call)
    {
        if (!caller.IsAuthenticated || OperationOf(http.Request.Path.Value ?? "") is not { Length: > 0 } operation)
        {
            return await call();
        }

        var trace = new CallTrace(http.TraceIdentifier, caller, operation, clock);
        http.Features.Set(trace);
        trace.Did("auth", caller.Scope.HasFlag(TokenScope.Inference) ? $"{caller.Name}, who may call models" : $"{caller.Name}, whose credential may not call models");
        try
        {
            return await bodies.RunAsync(http, caller, call);
        }
        catch (Refusal refusal)
        {
            trace.Refused(refusal);
            throw;
        }
        catch (Exception)
        {
            trace.Failed(http.RequestAborted.IsCancellationRequested ? StatusCodes.Status499ClientClosedRequest : StatusCodes.Status500InternalServerError);
            throw;
        }
        finally
        {
            trace.End();
            log.Add(trace);
        }
    }

    private static string OperationOf(string path)
    {
        var segments = path.Split('/');
        var last = segments[^1];
        return last is "completions" && segments is [.., "chat", _] ? "chat" : last is "completions" && segments is [.., "fim", _] ? "text_completion" : Operations.GetValueOrDefault(last, "chat");
    }
}

internal static class TracedRoutes
{
    /// <summary>Traces every POST of the group.</summary>
    public static RouteGroupBuilder Traced(this RouteGroupBuilder group) => group.AddEndpointFilter((context, next) =>
        HttpMethods.IsPost(context.HttpContext.Request.Method)
            ? new ValueTask<object?>(((CallTracing)context.HttpContext.RequestServices.GetService(typeof(CallTracing))!).TraceAsync(context.HttpContext, () => next(context).AsTask())) // registered with the module
            : next(context));
}
