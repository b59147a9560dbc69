namespace Lodestone.Hub;

/// <summary>The files of models, for the programs that run them.</summary>
public sealed class ModelWeights
{
    private readonly LargeFiles _files;

    internal ModelWeights(LargeFiles files) => _files = files;

    /// <summary>A file on this machine with the model's weights, to be opened within the hour. Read only.</summary>
    /// <exception cref="FileNotFoundException">The model's file is not here any more.</exception>
    public Task<string> LocalPathAsync(ServableModel model, CancellationToken cancel) => _files.LocalPathAsync(model.Digest, cancel);

    /// <summary>The same for what an adapter adds to them.</summary>
    /// <inheritdoc cref="LocalPathAsync(ServableModel, CancellationToken)"/>
    public Task<string> LocalPathAsync(ServableAdapter adapter, CancellationToken cancel) => _files.LocalPathAsync(adapter.Digest, cancel);
}
