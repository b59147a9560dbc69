namespace Lodestone.Engine.Conversion;

/// <summary>Makes a GGUF file of a model as Hugging Face's libraries save it. Everything is checked before the first number is written.</summary>
internal static class ModelConversion
{
    private const string Unfinished = ".part";

    /// <param name="folder">With the source's files.</param>
    /// <param name="output">Appears when it is whole and on the disk.</param>
    /// <param name="wanted">Null: as most of the weights are stored.</param>
    /// <param name="name">As people call the model; null: the folder's.</param>
    /// <param name="progress">Hears how much is done, 0 to 1.</param>
    /// <exception cref="EngineFault">It cannot be converted: the message says why.</exception>
    public static void Run(string folder, string output, ElementType? wanted, string? name, Action<double> progress)
    {
        using var model = SourceModel.Open(folder);
        var config = model.Json("config.json") ?? throw new EngineFault("There is no config.json, which says what kind of model it is.");
        var settings = ModelSettings.Read(config);
        var tensors = TensorPlan.Of(model, settings);
        var type = wanted ?? tensors.Where(t => t.Source is not null).GroupBy(t => t.Source!.ElementType).MaxBy(g => g.Sum(t => t.Elements))!.Key; // there are some, or the plan had thrown
        var writer = new GgufWriter();
        Describe(writer, settings, type, name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))));
        Tokenizer.Write(model, config, settings.Vocabulary, writer);
        using (var file = new FileStream(output + Unfinished, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 20))
        {
            writer.Write(file, tensors, type);
            var (done, total) = (0L, tensors.Sum(t => t.Bytes(type)));
            var copy = new TensorCopy(file, type, count => progress((double)(done += count) / total));
            foreach (var tensor in tensors)
            {
                copy.Write(tensor);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(output + Unfinished, output, overwrite: true);
    }

    private static void Describe(GgufWriter to, ModelSettings settings, ElementType type, string name)
    {
        var architecture = settings.Family.Architecture;
        to.Set("general.architecture", architecture);
        to.Set("general.type", "model");
        to.Set("general.name", name);
        to.Set("general.file_type", type.FileType());
        to.Set("general.quantization_version", 2u);
        to.Set($"{architecture}.context_length", (uint)settings.Context);
        to.Set($"{architecture}.embedding_length", (uint)settings.Width);
        to.Set($"{architecture}.block_count", (uint)settings.Layers);
        to.Set($"{architecture}.feed_forward_length", (uint)settings.Inner);
        to.Set($"{architecture}.attention.head_count", (uint)settings.Heads);
        to.Set($"{architecture}.attention.head_count_kv", (uint)settings.KeyValueHeads);
        to.Set($"{architecture}.attention.key_length", (uint)settings.Head);
        to.Set($"{architecture}.attention.value_length", (uint)settings.Head);
        to.Set($"{architecture}.attention.layer_norm_rms_epsilon", settings.NormEpsilon);
        to.Set($"{architecture}.rope.dimension_count", (uint)settings.Head);
        to.Set($"{architecture}.rope.freq_base", settings.Rotary.Base);
        to.Set($"{architecture}.vocab_size", (uint)settings.Vocabulary);
        if (settings.Rotary.Scaling is { } scaling)
        {
            to.Set($"{architecture}.rope.scaling.type", scaling);
            to.Set($"{architecture}.rope.scaling.factor", settings.Rotary.Factor);
        }

        if (settings.Rotary.Original is { } original)
        {
            to.Set($"{architecture}.rope.scaling.original_context_length", (uint)original);
        }
    }
}
