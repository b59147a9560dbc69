using System.Runtime.InteropServices;
using Lodestone.Engine.Gguf;
using Lodestone.Engine.Native;
using Lodestone.Engine.Templates;

namespace Lodestone.Engine.Inference;

/// <summary>A model in memory: weights, vocabulary and chat template. Safe from any thread.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(GgufFile file, ModelHandle handle, ChatTemplate? template)
    {
        File = file;
        Handle = handle;
        Template = template;
        Vocabulary = new Vocabulary(handle);
    }

    /// <summary>The head of the file.</summary>
    public GgufFile File { get; }

    public ModelHandle Handle { get; }

    public Vocabulary Vocabulary { get; }

    /// <summary>How a conversation becomes a prompt; null for a model that only continues text.</summary>
    public ChatTemplate? Template { get; }

    /// <summary>Tokens the model was made to see at once.</summary>
    public int TrainedContext => Llama.TrainedContext(Handle);

    /// <summary>Numbers of a token's vector.</summary>
    public int EmbeddingLength => Llama.EmbeddingLength(Handle);

    /// <summary>Each token sees those after it as well: the model embeds and does not write.</summary>
    public bool LooksAhead => File.Metadata.GetValueOrDefault($"{File.Architecture}.attention.causal") is false;

    /// <summary>How tokens' vectors become a text's: as the file says, else by their mean.</summary>
    public Pooling Pooling =>
        File.Metadata.GetValueOrDefault($"{File.Architecture}.pooling_type") is uint type && Enum.IsDefined((Pooling)type) ? (Pooling)type : Pooling.Mean;

    /// <summary>It was trained to say how well a text answers a question, and does nothing else.</summary>
    public bool Ranks => Pooling is Pooling.Rank;

    /// <summary>How it wants a question and a text to be put, with <c>{query}</c> and <c>{document}</c>; null: one after the other.</summary>
    public unsafe string? RankTemplate
    {
        get
        {
            fixed (byte* name = "rerank\0"u8)
            {
                return Marshal.PtrToStringUTF8((nint)Llama.ChatTemplate(Handle, name));
            }
        }
    }

    /// <summary>Whether what it has read can be cut anywhere; a model that keeps a running state has only the whole.</summary>
    public bool IsCuttable => Llama.IsRecurrent(Handle) == 0 && Llama.IsHybrid(Handle) == 0;

    /// <summary>How many numbers the model has learnt.</summary>
    public ulong ParameterCount => Llama.ParameterCount(Handle);

    /// <summary>Checks the file, then loads it. The check comes first because llama.cpp may abort the process on a corrupt file.</summary>
    /// <exception cref="EngineFault">The file is no model that can be served: the message says why.</exception>
    public static LoadedModel Load(string path)
    {
        var file = GgufFile.Read(path);
        if (!file.Metadata.ContainsKey("tokenizer.ggml.model") || file.Tensors.Count == 0)
        {
            throw new EngineFault("The model file holds no complete model: its tokenizer or its weights are missing.");
        }

        LlamaLibrary.Open();
        var parameters = Llama.DefaultModelParams();
        parameters.CheckTensors = 1;
        var handle = Llama.LoadModel(path, parameters);
        if (handle.IsInvalid)
        {
            throw new EngineFault($"llama.cpp cannot load this model of architecture '{file.Architecture}': {LlamaLibrary.TakeErrors()}");
        }

        if (Llama.HasEncoder(handle) != 0)
        {
            throw new EngineFault($"A model of architecture '{file.Architecture}' has an encoder: it does not continue text.");
        }

        return new LoadedModel(file, handle, ReadTemplate(handle));
    }

    public void Dispose() => Handle.Dispose();

    private static unsafe ChatTemplate? ReadTemplate(ModelHandle handle)
    {
        if (Marshal.PtrToStringUTF8((nint)Llama.ChatTemplate(handle, null)) is not { } source)
        {
            return null;
        }

        try
        {
            return ChatTemplate.Parse(source);
        }
        catch (TemplateFault fault)
        {
            throw new EngineFault($"The model's chat template cannot be read. {fault.Message}");
        }
    }
}
