using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>The model that this process serves, once it is loaded.</summary>
/// <param name="Name">In answers.</param>
/// <param name="Model">In memory.</param>
/// <param name="Loop">Writes its answers.</param>
/// <param name="Adapters">What the model can be changed by.</param>
internal sealed record ServedModel(string Name, LoadedModel Model, InferenceLoop Loop, KnownAdapters Adapters) : IDisposable
{
    /// <exception cref="EngineFault">It cannot be served.</exception>
    public static ServedModel Load(EngineOptions options, TimeProvider clock)
    {
        var model = LoadedModel.Load(options.Model);
        return new ServedModel(options.Name, model, new InferenceLoop(model, options, clock), new KnownAdapters(model, options.Socket));
    }

    public void Dispose()
    {
        Loop.Dispose();
        Adapters.Dispose();
        Model.Dispose();
    }
}
