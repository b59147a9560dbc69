using Microsoft.Win32.SafeHandles;

namespace Lodestone.Engine.Native;

/// <summary>Weights and vocabulary; usable from any thread.</summary>
internal sealed class ModelHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Llama.FreeModel(handle);
        return true;
    }
}

/// <summary>Keys and values of the sequences in work; only its engine's thread may touch it.</summary>
internal sealed class ContextHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Llama.FreeContext(handle);
        return true;
    }
}

/// <summary>What an adapter adds to its model's weights. To be freed after the contexts that compute with it, and before the model.</summary>
internal sealed class AdapterHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Llama.FreeAdapter(handle);
        return true;
    }
}

/// <summary>A chain of samplers with its state; belongs to one sequence.</summary>
internal sealed class SamplerHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle()
    {
        Samplers.Free(handle);
        return true;
    }
}
