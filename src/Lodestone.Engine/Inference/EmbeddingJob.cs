namespace Lodestone.Engine.Inference;

/// <summary>Texts to be embedded.</summary>
/// <param name="Texts">Tokens of each, none empty, none longer than the context.</param>
/// <param name="Cancel">Nobody wants them any more.</param>
internal sealed record EmbeddingJob(IReadOnlyList<int[]> Texts, CancellationToken Cancel)
{
    private readonly TaskCompletionSource<List<float[]>> _vectors = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<float[]> _done = [];

    /// <summary>One vector per text, in their order, not normalised.</summary>
    public Task<List<float[]>> Vectors => _vectors.Task;

    /// <summary>Texts that have no vector yet begin here.</summary>
    public int Next => _done.Count;

    public bool IsDone => _done.Count == Texts.Count;

    public void Add(float[] vector)
    {
        _done.Add(vector);
        if (IsDone)
        {
            _vectors.TrySetResult(_done);
        }
    }

    public void Fail(Exception reason) => _vectors.TrySetException(reason);
}
