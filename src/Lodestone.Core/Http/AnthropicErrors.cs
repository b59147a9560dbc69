namespace Lodestone.Core;

/// <summary>A refusal as Anthropic's clients read it.</summary>
public static class AnthropicErrors
{
    /// <summary>Also for an error within a stream that has begun.</summary>
    public static IReadOnlyDictionary<string, object?> Body(Refusal refusal, string requestId) => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["type"] = "error",
        ["error"] = new Dictionary<string, object?>(refusal.Details, StringComparer.Ordinal)
        {
            ["type"] = TypeOf(refusal.Code.Status),
            ["message"] = refusal.Message,
            ["code"] = refusal.Code.Code,
            ["param"] = refusal.Param,
        },
        ["request_id"] = requestId,
    };

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
