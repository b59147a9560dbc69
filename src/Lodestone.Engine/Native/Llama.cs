using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Lodestone.Engine.Native;

/// <summary>The part of llama.h and ggml-backend.h that the worker calls. C's <c>bool</c> is one byte.</summary>
internal static unsafe partial class Llama
{
    private const string Library = "llama";
    private const string BackendLibrary = "ggml";
    private const string BaseLibrary = "ggml-base";

    [LibraryImport(BackendLibrary, EntryPoint = "ggml_backend_load_all_from_path", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void LoadBackends(string folder);

    [LibraryImport(BaseLibrary, EntryPoint = "ggml_blck_size")]
    public static partial long BlockLength(int tensorType);

    [LibraryImport(BaseLibrary, EntryPoint = "ggml_type_size")]
    public static partial nuint BlockBytes(int tensorType);

    [LibraryImport(Library, EntryPoint = "llama_backend_init")]
    public static partial void Initialise();

    [LibraryImport(Library, EntryPoint = "llama_log_set")]
    public static partial void SetLog(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint state);

    [LibraryImport(Library, EntryPoint = "llama_version")]
    public static partial byte* Version();

    [LibraryImport(Library, EntryPoint = "llama_model_default_params")]
    public static partial ModelParams DefaultModelParams();

    [LibraryImport(Library, EntryPoint = "llama_context_default_params")]
    public static partial ContextParams DefaultContextParams();

    [LibraryImport(Library, EntryPoint = "llama_model_quantize_default_params")]
    public static partial QuantizeParams DefaultQuantizeParams();

    /// <returns>0 when it is done.</returns>
    [LibraryImport(Library, EntryPoint = "llama_model_quantize", StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint Quantize(string source, string target, QuantizeParams* parameters);

    [LibraryImport(Library, EntryPoint = "llama_model_load_from_file", StringMarshalling = StringMarshalling.Utf8)]
    public static partial ModelHandle LoadModel(string path, ModelParams parameters);

    [LibraryImport(Library, EntryPoint = "llama_model_free")]
    public static partial void FreeModel(nint model);

    [LibraryImport(Library, EntryPoint = "llama_model_get_vocab")]
    public static partial nint Vocabulary(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_n_ctx_train")]
    public static partial int TrainedContext(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_n_params")]
    public static partial ulong ParameterCount(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_n_embd_out")]
    public static partial int EmbeddingLength(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_is_recurrent")]
    public static partial byte IsRecurrent(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_is_hybrid")]
    public static partial byte IsHybrid(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_has_encoder")]
    public static partial byte HasEncoder(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "llama_model_chat_template")]
    public static partial byte* ChatTemplate(ModelHandle model, byte* name);

    [LibraryImport(Library, EntryPoint = "llama_init_from_model")]
    public static partial ContextHandle CreateContext(ModelHandle model, ContextParams parameters);

    [LibraryImport(Library, EntryPoint = "llama_free")]
    public static partial void FreeContext(nint context);

    /// <returns>An invalid handle if the file is no adapter of this model.</returns>
    [LibraryImport(Library, EntryPoint = "llama_adapter_lora_init", StringMarshalling = StringMarshalling.Utf8)]
    public static partial AdapterHandle LoadAdapter(ModelHandle model, string path);

    [LibraryImport(Library, EntryPoint = "llama_adapter_lora_free")]
    public static partial void FreeAdapter(nint adapter);

    [LibraryImport(Library, EntryPoint = "llama_set_adapters_lora")]
    public static partial int SetAdapters(ContextHandle context, nint* adapters, nuint count, float* scales);

    [LibraryImport(Library, EntryPoint = "llama_n_ctx")]
    public static partial uint ContextLength(ContextHandle context);

    [LibraryImport(Library, EntryPoint = "llama_get_memory")]
    public static partial nint Memory(ContextHandle context);

    [LibraryImport(Library, EntryPoint = "llama_memory_seq_rm")]
    public static partial byte ForgetSequence(nint memory, int sequence, int from, int to);

    [LibraryImport(Library, EntryPoint = "llama_memory_seq_cp")]
    public static partial void ShareSequence(nint memory, int source, int target, int from, int to);

    [LibraryImport(Library, EntryPoint = "llama_memory_clear")]
    public static partial void ClearMemory(nint memory, byte zeroes);

    [LibraryImport(Library, EntryPoint = "llama_set_n_threads")]
    public static partial void SetThreads(ContextHandle context, int threads, int batchThreads);

    [LibraryImport(Library, EntryPoint = "llama_get_logits_ith")]
    public static partial float* Logits(ContextHandle context, int batchIndex);

    [LibraryImport(Library, EntryPoint = "llama_get_embeddings_ith")]
    public static partial float* Embedding(ContextHandle context, int batchIndex);

    [LibraryImport(Library, EntryPoint = "llama_batch_init")]
    public static partial Batch CreateBatch(int capacity, int embeddingLength, int sequencesPerToken);

    [LibraryImport(Library, EntryPoint = "llama_batch_free")]
    public static partial void FreeBatch(Batch batch);

    [LibraryImport(Library, EntryPoint = "llama_decode")]
    public static partial int Decode(ContextHandle context, Batch batch);

    [LibraryImport(Library, EntryPoint = "llama_vocab_n_tokens")]
    public static partial int TokenCount(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_get_text")]
    public static partial byte* TokenText(nint vocabulary, int token);

    [LibraryImport(Library, EntryPoint = "llama_vocab_get_attr")]
    public static partial TokenAttributes TokenAttributes(nint vocabulary, int token);

    [LibraryImport(Library, EntryPoint = "llama_vocab_is_eog")]
    public static partial byte EndsGeneration(nint vocabulary, int token);

    [LibraryImport(Library, EntryPoint = "llama_vocab_bos")]
    public static partial int BeginningToken(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_eos")]
    public static partial int EndToken(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_fim_pre")]
    public static partial int GapPrefixToken(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_fim_suf")]
    public static partial int GapSuffixToken(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_fim_mid")]
    public static partial int GapMiddleToken(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_vocab_get_add_bos")]
    public static partial byte AddsBeginning(nint vocabulary);

    [LibraryImport(Library, EntryPoint = "llama_tokenize")]
    public static partial int Tokenize(
        nint vocabulary, byte* text, int textLength, int* tokens, int capacity, byte addSpecial, byte parseSpecial);

    [LibraryImport(Library, EntryPoint = "llama_token_to_piece")]
    public static partial int TokenPiece(nint vocabulary, int token, byte* buffer, int capacity, int skippedSpaces, byte special);
}
