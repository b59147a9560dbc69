using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Lodestone.Engine.Conversion;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>The adapters that this worker was told of and found to fit its model. Safe from any thread.</summary>
/// <param name="model">What they change.</param>
/// <param name="place">Where files that are made of PEFT's go: a path to which a name is added.</param>
internal sealed class KnownAdapters(LoadedModel model, string place) : IDisposable
{
    private readonly ConcurrentDictionary<(string Id, string Weights), Lazy<Task<Adapter>>> _learning = new();
    private readonly ConcurrentDictionary<string, Adapter> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<string> _made = [];
    private int _count;

    /// <summary>Checks an adapter, once for all who bring it, and remembers it. Told again with another file, it takes that one from then on.</summary>
    /// <exception cref="EngineFault">It does not fit.</exception>
    public async Task LearnAsync(string id, string weights, JsonElement? config)
    {
        var key = (id, weights);
        var learning = _learning.GetOrAdd(key, _ => new Lazy<Task<Adapter>>(() => Task.Run(() => Learn(id, weights, config))));
        try
        {
            _known[id] = await learning.Value;
        }
        catch
        {
            _learning.TryRemove(new(key, learning));
            throw;
        }
    }

    /// <summary>The adapter that a request wants the model to be changed by; null for none.</summary>
    /// <exception cref="ApiFault"><c>unknown_adapter</c>.</exception>
    public Adapter? Named(HttpRequest request) =>
        request.Query["adapter"].ToString() is not { Length: > 0 } id ? null
            : _known.GetValueOrDefault(id) ?? throw new ApiFault(StatusCodes.Status404NotFound, "This worker was not told of the adapter.", "adapter", "unknown_adapter");

    public void Dispose()
    {
        foreach (var file in _made)
        {
            File.Delete(file);
        }
    }

    private Adapter Learn(string id, string weights, JsonElement? config)
    {
        if (config is not { } settings)
        {
            return Adapter.Check(id, weights, model.File);
        }

        var made = string.Create(CultureInfo.InvariantCulture, $"{place}.{Interlocked.Increment(ref _count)}.gguf");
        _made.Add(made);
        AdapterConversion.Run(weights, settings, model.File, made);
        return Adapter.Check(id, made, model.File);
    }
}
