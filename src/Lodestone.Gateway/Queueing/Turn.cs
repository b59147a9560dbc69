namespace Lodestone.Gateway;

/// <summary>A call's seat at a model. Disposing it lets the next one in.</summary>
internal sealed class Turn(FairQueue? queue, FairQueue.Line? line, bool hasWaited) : IDisposable
{
    private long _tokens;
    private int _isOver;

    /// <summary>How it was got, in words.</summary>
    public string Why => (line, hasWaited) switch
    {
        (null, _) => "no limit on calls at once",
        ({ Rank: TurnRank.Idle }, _) => "when nobody else waited",
        (_, true) => "waited for a seat",
        _ => "a seat was free",
    };

    /// <summary>A seat where there are as many as anybody wants.</summary>
    public static Turn Free { get; } = new(null, null, hasWaited: false);

    /// <summary>What the call took, by which the account's next turn is reckoned.</summary>
    public void Took(long tokens) => _tokens = tokens;

    public void Dispose()
    {
        if (queue is not null && line is not null && Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            queue.Leave(line, _tokens);
        }
    }
}
