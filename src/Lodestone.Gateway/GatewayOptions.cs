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

    /// <summary>Calls that one of our engines is given at once, a few more than it writes together so that it never idles; further ones wait in turn
    /// by account. 0 for as many as come. Twelve.</summary>
    public int SeatsPerModel { get; init; } = 12;

    /// <summary>A call that has not got a seat by then is refused. Thirty seconds.</summary>
    public TimeSpan WaitWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls of one account that may wait for one model; further ones are refused at once. 256.</summary>
    public int WaitingPerAccount { get; init; } = 256;

    /// <summary>Days for which calls are listed and traced, without what was said in them; 0 for not at all. Thirty.</summary>
    public int TraceDays { get; init; } = 30;

    /// <summary>Largest request body in bytes. 20 MB.</summary>
    public long LargestBody { get; init; } = 20_000_000;
}
