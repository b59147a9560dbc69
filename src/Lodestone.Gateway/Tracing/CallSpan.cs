using System.Diagnostics;
using System.Globalization;

namespace Lodestone.Gateway;

/// <summary>A call as a span of the GenAI conventions: numbers and names, no content.</summary>
internal static class CallSpan
{
    /// <summary>Null unless somebody listens.</summary>
    public static Activity? Start(string operation, CalledModel model, EngineRequest? request)
    {
        if (GatewayMetrics.Source.StartActivity($"{operation} {model.Id}") is not { } span)
        {
            return null;
        }

        span.SetTag("gen_ai.operation.name", operation)
            .SetTag("gen_ai.provider.name", GatewayMetrics.Provider)
            .SetTag("gen_ai.request.model", model.Id);
        if (request is not null)
        {
            span.SetTag("gen_ai.request.stream", request.IsStreamed);
            if (request.MaxTokens is { } most)
            {
                span.SetTag("gen_ai.request.max_tokens", most);
            }

            if (request.Choices > 1)
            {
                span.SetTag("gen_ai.request.choice.count", request.Choices);
            }

            foreach (var (name, value) in request.Sampling)
            {
                span.SetTag($"gen_ai.request.{name}", value);
            }
        }

        return span;
    }

    public static void End(Activity? span, CallTrace trace)
    {
        if (span is null)
        {
            return;
        }

        span.SetTag("gen_ai.response.model", trace.Model)
            .SetTag("gen_ai.usage.input_tokens", trace.Usage.InputTokens)
            .SetTag("gen_ai.usage.output_tokens", trace.Usage.OutputTokens)
            .SetTag("lodestone.outcome", trace.Outcome?.ToString())
            .SetTag("lodestone.request_id", trace.RequestId);
        if (trace.HoldId is { } id)
        {
            span.SetTag("gen_ai.response.id", id.ToString("N"));
        }

        if (trace.Finish is { } finish)
        {
            span.SetTag("gen_ai.response.finish_reasons", new[] { finish });
        }

        if (trace.FirstToken is { } first && trace.IsStreamed)
        {
            span.SetTag("gen_ai.response.time_to_first_chunk", first.TotalSeconds);
        }

        if (ErrorOf(trace) is { } error)
        {
            span.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error);
        }
    }

    public static string? ErrorOf(CallTrace trace) => trace.Code ?? (trace.IsFault ? trace.Outcome?.ToString() ?? trace.Status.ToString(CultureInfo.InvariantCulture) : null);
}
