using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Embeds texts, a piece at a time, in a context of its own. Only the engine's thread touches it.</summary>
/// <remarks>Each token's vector is pooled here rather than by llama.cpp, which pools only what fits into one computation: so a long text can
/// be read in pieces between which others are served. A model whose tokens look ahead has to see a text at once, and one that ranks, because
/// llama.cpp has its last layers: of a text that it judges, the vector is one number.</remarks>
internal sealed unsafe class EmbeddingReader : IDisposable
{
    private const int MaxTextsAtOnce = 32;

    private readonly LoadedModel _model;
    private readonly ContextHandle _context;
    private readonly TurnBatch _batch;
    private readonly int _piece;
    private double[]? _sum; // of the text that has been read in part
    private int _read;

    /// <param name="model">Embeds.</param>
    /// <param name="context">Tokens of a text at most.</param>
    /// <param name="threads">That compute.</param>
    /// <param name="piece">Tokens to read at once, where the model lets us choose.</param>
    /// <exception cref="EngineFault">There is not enough memory for the context.</exception>
    public EmbeddingReader(LoadedModel model, int context, int threads, int piece)
    {
        _model = model;
        _piece = model.LooksAhead || model.Ranks ? context : Math.Min(piece, context);
        var parameters = Llama.DefaultContextParams();
        parameters.ContextLength = (uint)context;
        parameters.BatchLength = (uint)_piece;
        parameters.MicroBatchLength = (uint)_piece;
        parameters.MaxSequences = MaxTextsAtOnce;
        parameters.UnifiedKeyValues = 1;
        parameters.Embeddings = 1;
        parameters.PoolingType = model.Ranks ? (int)Pooling.Rank : 0; // 0 is none: see above
        parameters.Threads = threads;
        parameters.BatchThreads = threads;
        _context = Llama.CreateContext(model.Handle, parameters);
        if (_context.IsInvalid)
        {
            throw new EngineFault($"No context for embeddings of {context} tokens can be made: {LlamaLibrary.TakeErrors()}.", ExitCode.Failed);
        }

        _batch = new TurnBatch(_piece);
    }

    public void SetThreads(int threads) => Llama.SetThreads(_context, threads, threads);

    /// <summary>Reads the next piece of a job: several short texts, or part of a long one.</summary>
    public void Read(EmbeddingJob job)
    {
        _batch.Clear();
        var texts = _sum is null ? Fitting(job) : 1;
        for (var i = 0; i < texts; i++)
        {
            var text = job.Texts[job.Next + i];
            var start = i == 0 ? _read : 0;
            for (var position = start; position < Math.Min(text.Length, start + _piece); position++)
            {
                _batch.Add(text[position], position, sequence: i, wantsLogits: true);
            }
        }

        if (Llama.Decode(_context, _batch.Native) is var code and not 0)
        {
            job.Fail(new EngineFault($"llama.cpp could not embed (code {code}): {LlamaLibrary.TakeErrors()}", ExitCode.Failed));
            Forget();
            return;
        }

        if (_model.Ranks)
        {
            for (var i = 0; i < texts; i++)
            {
                job.Add([*Llama.SequenceEmbedding(_context, i)]);
            }

            Forget();
            return;
        }

        Collect(job);
    }

    /// <summary>Drops a text that has been read in part.</summary>
    public void Forget()
    {
        _sum = null;
        _read = 0;
        if (Llama.Memory(_context) is var memory and not 0)
        {
            Llama.ClearMemory(memory, zeroes: 0);
        }
    }

    public void Dispose()
    {
        _batch.Dispose();
        _context.Dispose();
    }

    private int Fitting(EmbeddingJob job)
    {
        var texts = 1;
        var tokens = job.Texts[job.Next].Length;
        while (texts < MaxTextsAtOnce && job.Next + texts < job.Texts.Count && tokens + job.Texts[job.Next + texts].Length <= _piece)
        {
            tokens += job.Texts[job.Next + texts].Length;
            texts++;
        }

        return texts;
    }

    private void Collect(EmbeddingJob job)
    {
        var length = _model.EmbeddingLength;
        var text = job.Texts[job.Next];
        for (var index = 0; index < _batch.Count; index++)
        {
            _sum ??= new double[length];
            Pool(Llama.Embedding(_context, index), text.Length);
            _read++;
            if (_read < text.Length)
            {
                continue;
            }

            job.Add(Array.ConvertAll(_sum, number => (float)number));
            _sum = null;
            _read = 0;
            text = job.IsDone ? text : job.Texts[job.Next];
        }

        if (_sum is null)
        {
            Forget();
        }
    }

    // The length does not matter, only the direction: so a sum is as good as a mean.
    private void Pool(float* vector, int textLength)
    {
        var counts = _model.Pooling switch { Pooling.First => _read == 0, Pooling.Last => _read == textLength - 1, _ => true };
        for (var i = 0; counts && i < _sum!.Length; i++) // made just before
        {
            _sum[i] += vector[i];
        }
    }
}

/// <summary>How tokens' vectors become a text's.</summary>
internal enum Pooling
{
    /// <summary>Their mean.</summary>
    Mean = 1,

    /// <summary>The first token's.</summary>
    First = 2,

    /// <summary>The last token's.</summary>
    Last = 3,

    /// <summary>None: the model has layers that make one number of them, how well a text answers a question.</summary>
    Rank = 4,
}
