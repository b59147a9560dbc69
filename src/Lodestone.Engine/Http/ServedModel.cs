using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>The model that this process serves, once it is loaded.</summary>
/// <param name="Name">In answers.</param>
/// <param name="Model">In memory.</param>
/// <param name="Loop">Writes its answers.</param>
internal sealed record ServedModel(string Name, LoadedModel Model, InferenceLoop Loop) : IDisposable
{
    /// <exception cref="EngineFault">It cannot be served.</exception>
    public static ServedModel Load(EngineOptions options, TimeProvider clock)
    {
        var model = LoadedModel.Load(options.Model);
        return new ServedModel(options.Name, model, new InferenceLoop(model, options, clock));
    }

    public void Dispose()
    {
        Loop.Dispose();
        Model.Dispose();
    }
}
