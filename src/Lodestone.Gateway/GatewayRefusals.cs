using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>Why a call is not served, with the codes that OpenAI's clients and agent frameworks know.</summary>
internal static class GatewayRefusals
{
    private static readonly RefusalCode InvalidJson = new("invalid_json", 400);
    private static readonly RefusalCode MissingParameter = new("missing_required_parameter", 400);
    private static readonly RefusalCode InvalidValue = new("invalid_value", 400);
    private static readonly RefusalCode UnsupportedParameter = new("unsupported_parameter", 400);
    private static readonly RefusalCode ContextLengthExceeded = new("context_length_exceeded", 400);
    private static readonly RefusalCode InvalidApiKey = new("invalid_api_key", 401);
    private static readonly RefusalCode InsufficientScope = new("insufficient_scope", 403);
    private static readonly RefusalCode ModelNotFound = new("model_not_found", 404);
    private static readonly RefusalCode ModelNotAllowedCode = new("model_not_allowed", 403);
    private static readonly RefusalCode ModelRetired = new("model_retired", 404);
    private static readonly RefusalCode BackendFailed = new("backend_failed", 502);
    private static readonly RefusalCode BackendUnavailable = new("backend_unavailable", 503);
    private static readonly RefusalCode Overloaded = new("overloaded", 503);
    private static readonly RefusalCode EngineFailed = new("engine_failed", 502);
    private static readonly RefusalCode Timeout = new("timeout", 504);

    public static Refusal NotJson(long line, long position) => new(InvalidJson, string.Create(CultureInfo.InvariantCulture,
        $"The body is not valid JSON: it breaks at line {line}, byte {position}."));

    public static Refusal NotAnObject() => new(InvalidJson, "The body must be a JSON object.");

    public static Refusal Missing(string param) => new(MissingParameter, $"'{param}' is missing.") { Param = param };

    public static Refusal Invalid(string param, string rule) => new(InvalidValue, $"'{param}' {rule}") { Param = param };

    public static Refusal Unsupported(string param, string? what = null) =>
        new(UnsupportedParameter, $"{what ?? $"'{param}'"} is not supported here yet. Call again without it.") { Param = param };

    public static Refusal TooLong(long prompt, long context) => new(ContextLengthExceeded, string.Create(CultureInfo.InvariantCulture,
        $"This model's context holds {context} tokens. Your messages have {prompt}, which leaves no room for an answer: shorten them.")) { Param = "messages" };

    public static Refusal MoreThanContext(string param, long asked, long context) => Invalid(param, string.Create(CultureInfo.InvariantCulture,
        $"is {asked}, but this model's context holds {context} tokens. Ask for at most that, or leave it out to use what is left."));

    public static Refusal NoKey(string tokensPage) => new(InvalidApiKey,
        $"You sent no API key. Create an access token with the inference scope at {tokensPage} and send it as 'Authorization: Bearer hf_…'.");

    public static Refusal NoInferenceScope(string tokensPage) => new(InsufficientScope,
        $"This access token may not call models. Create one with the inference scope at {tokensPage}.");

    public static Refusal NoModel(string model) => new(ModelNotFound,
        $"There is no model '{model}' that you may use. GET /v1/models lists those you may.") { Param = "model" };

    public static Refusal ModelNotAllowed(string model, IReadOnlyList<string> allowed) => new(ModelNotAllowedCode,
        $"This key may not call {model}. Its owner lets it call {string.Join(", ", allowed)}.") { Param = "model" };

    public static Refusal EngineLost() => new(EngineFailed, "The model's engine stopped while it answered. It is being restarted; call again.");

    public static Refusal TooSlow(TimeSpan limit) => new(Timeout, string.Create(CultureInfo.InvariantCulture,
        $"The answer was not finished after {limit.TotalSeconds:0} seconds. Ask for fewer tokens."));

    public static Refusal UnsupportedBy(string model, Need need) =>
        new(UnsupportedParameter, $"{need.What ?? $"'{need.Param}'"} is not supported by {model}. Call again without it, or call a model that can: GET /v1/models says which.") { Param = need.Param };

    public static Refusal MoreThanModel(string param, long asked, long most) => Invalid(param, string.Create(CultureInfo.InvariantCulture,
        $"is {asked}, but this model answers with at most {most} tokens. Ask for at most that, or leave it out."));

    public static Refusal UnsupportedTask(string task) => new(UnsupportedParameter,
        $"The task '{task}' is not served here. There are text-generation, feature-extraction, sentence-similarity and chat at /v1/chat/completions.");

    public static Refusal NotUnicode() => new(InvalidJson, "The body has a member whose name is not valid Unicode text.");

    public static Refusal Retired(string model, DateTimeOffset since) => new(ModelRetired, string.Create(CultureInfo.InvariantCulture,
        $"{model} was retired on {since:yyyy-MM-dd}. GET /v1/models lists the models that can be called.")) { Param = "model" };

    public static Refusal BackendLost(string model) => new(BackendFailed, $"What answers for {model} failed, and nothing else could take over. Call again in a moment.");

    public static Refusal BackendBusy(string model, TimeSpan pause) =>
        new(RefusalCode.TooManyRequests, $"{model} is asked more than it can answer. Call again in a moment.") { RetryAfter = pause };

    public static Refusal NoBackend(string model, TimeSpan rest) => new(BackendUnavailable,
        $"Nothing can answer for {model} now: it failed too often and is left alone for a while.") { RetryAfter = rest > TimeSpan.FromSeconds(1) ? rest : TimeSpan.FromSeconds(1) };

    /// <summary>Said at once, so a status that no client asks again without a pause.</summary>
    public static Refusal QueueFull(string model, int most) => new(RefusalCode.TooManyRequests, string.Create(CultureInfo.InvariantCulture,
        $"{most} calls of this account already wait for {model}. Make fewer at once."))
    { RetryAfter = TimeSpan.FromSeconds(1), Headers = RetryAfterMs(TimeSpan.FromSeconds(1)) };

    public static Refusal WaitedTooLong(string model, TimeSpan within) => new(Overloaded, string.Create(CultureInfo.InvariantCulture,
        $"{model} is asked more than it can answer: this call waited {within.TotalSeconds:0} seconds for its turn. Call again in a moment."))
    { RetryAfter = TimeSpan.FromSeconds(2), Headers = RetryAfterMs(TimeSpan.FromSeconds(2)) };

    /// <summary>The engine found more prompt tokens than it was told that were reserved for.</summary>
    public static bool IsAboveBound(Exception? fault) => fault is Refusal { Code.Code: "prompt_above_bound" };

    /// <summary>What the engine itself found wrong with the request.</summary>
    public static Refusal FromEngine(int status, string? code, string message, string? param) =>
        new(new RefusalCode(code ?? (status < 500 ? InvalidValue.Code : EngineFailed.Code), status), message) { Param = param };

    private static Dictionary<string, string> RetryAfterMs(TimeSpan wait) =>
        new(StringComparer.Ordinal) { ["retry-after-ms"] = wait.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture) };
}
