namespace Lodestone.Gateway;

/// <summary>How calls are served: section <c>Gateway</c> of the settings.</summary>
public sealed record GatewayOptions
{
    /// <summary>From dispatch to the last token; a longer answer ends there. Ten minutes.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>While a streamed call waits for its first token, a comment is sent so often that proxies keep the connection. Five seconds.</summary>
    public TimeSpan KeepAliveEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A remote back-end that has not given its first token by then has failed. A minute.</summary>
    public TimeSpan FirstTokenWithin { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Calls that one key may make in a minute, on each server; 0 for as many as it likes.</summary>
    public int RequestsPerMinute { get; init; }

    /// <summary>Tokens that one key may use in a minute, on each server, before its next call is refused; 0 for as many as it likes.</summary>
    public long TokensPerMinute { get; init; }

    /// <summary>Largest request body in bytes. 20 MB.</summary>
    public long LargestBody { get; init; } = 20_000_000;
}
