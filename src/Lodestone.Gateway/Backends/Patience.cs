namespace Lodestone.Gateway;

/// <summary>How long a back-end may take for its first token. When it is over, its <see cref="Token"/> is cancelled while the caller's is not.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _either;

    public Patience(TimeSpan limit, TimeProvider clock, CancellationToken cancel)
    {
        _deadline = new CancellationTokenSource(limit, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancel);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>The first token is there.</summary>
    public void End() => _deadline.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _either.Dispose();
        _deadline.Dispose();
    }
}
