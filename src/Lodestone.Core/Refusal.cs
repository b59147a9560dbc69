namespace Lodestone.Core;

/// <summary>A user's fault that several levels must unwind. One handler gives it the shape that the caller's client reads.</summary>
public sealed class Refusal(RefusalCode code, string message) : Exception(message)
{
    public RefusalCode Code { get; } = code;

    /// <summary>The field at fault, as the client named it: <c>messages[0].role</c>.</summary>
    public string? Param { get; init; }

    /// <summary>When asking again may succeed.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Where the person can put it right, as a path on this server.</summary>
    public string? HelpPath { get; init; }

    /// <summary>Further members for the body, such as the URL of the repository that already exists.</summary>
    public IReadOnlyDictionary<string, object?> Details { get; init; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    /// <summary>Further headers, such as <c>X-Repo-Commit</c> on a missing file.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A stable reason. Modules declare their own beside the code that refuses.</summary>
/// <param name="Code">Snake case; part of the API.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="HubCode">Value of <c>X-Error-Code</c>, where hub clients have an exception class for it.</param>
public sealed record RefusalCode(string Code, int Status, string? HubCode = null)
{
    public static RefusalCode Invalid { get; } = new("invalid_request", 400);
    public static RefusalCode Unauthenticated { get; } = new("unauthenticated", 401);
    public static RefusalCode InvalidCredentials { get; } = new("invalid_credentials", 401);
    public static RefusalCode Forbidden { get; } = new("forbidden", 403);
    public static RefusalCode InsufficientScope { get; } = new("insufficient_scope", 403);
    public static RefusalCode NotFound { get; } = new("not_found", 404);
    public static RefusalCode Conflict { get; } = new("conflict", 409);
    public static RefusalCode TooLarge { get; } = new("request_too_large", 413);
    public static RefusalCode Unprocessable { get; } = new("unprocessable", 422);
    public static RefusalCode TooManyRequests { get; } = new("rate_limit_exceeded", 429);
    public static RefusalCode StorageFull { get; } = new("storage_full", 507);
    public static RefusalCode Unavailable { get; } = new("unavailable", 503);
}
