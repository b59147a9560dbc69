using System.Text.Json.Nodes;
using Lodestone.Engine;
using Lodestone.Engine.Conversion;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>Converted models against the formulas of their families.</summary>
[NoDatabase]
public sealed class ModelConversionTests
{
    private static readonly int[] Text = [5, 17, 260, 42, 3, 3, 200, 119, 64, 91, 7, 250, 31, 8, 77, 140, 12, 5, 17, 99];

    private static readonly string Demo = Path.GetDirectoryName(EngineProcess.DemoModel)!;

    public static TheoryData<string, string, string?, int> Families => new()
    {
        { "LlamaForCausalLM", "F32", null, 3 },
        { "LlamaForCausalLM", "BF16", """{"tie_word_embeddings": true, "attention_bias": true, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}""", 1 },
        { "MistralForCausalLM", "F16", """{"head_dim": 16, "sliding_window": null}""", 1 },
        { "MistralForCausalLM", "F32", """{"rope_scaling": {"rope_type": "linear", "factor": 4.0}}""", 1 },
        { "Qwen2ForCausalLM", "BF16", """{"tie_word_embeddings": true, "use_sliding_window": false, "sliding_window": 32}""", 1 },
        { "Qwen2ForCausalLM", "F32", """{"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}}""", 2 },
        { "Qwen3ForCausalLM", "F32", """{"head_dim": 24, "num_attention_heads": 6, "num_key_value_heads": 3}""", 1 },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void A_converted_model_answers_as_its_formulas_say(string className, string type, string? more, int files)
    {
        using var made = new MadeModel(className, type, more is null ? null : JsonNode.Parse(more)!.AsObject()).Save(files);
        var progress = new List<double>();

        ModelConversion.Run(made.Folder, made["out.gguf"], ElementType.F32, "made", progress.Add);
        var expected = new ReferenceModel(made.Folder).Logits(Text);
        using var model = LoadedModel.Load(made["out.gguf"]);
        var difference = Difference(expected, EngineLogits.Of(model, Text));
        var unturned = new ReferenceModel(made.Folder).Logits([.. Text.Reverse()]);

        TestContext.Current.SendDiagnosticMessage($"{className} {type}: {difference:E1}");
        Assert.True(difference < 2e-4, $"differs by {difference}");
        Assert.True(Difference(expected, [.. unturned.Select(u => u.Select(x => (float)x).ToArray())]) > 0.5); // order matters, so the comparison says something
        Assert.Equal((1.0, "made"), (progress[^1], model.File.Metadata["general.name"]));
        Assert.False(File.Exists(made["out.gguf.part"]));
    }

    [Theory]
    [InlineData("BF16", 0.2)]
    [InlineData("F16", 0.05)]
    [InlineData(null, 0.2)]
    public void Weights_are_stored_as_asked_and_vectors_whole(string? wanted, double tolerance)
    {
        using var made = new MadeModel("Qwen2ForCausalLM", "BF16").Save();

        ModelConversion.Run(made.Folder, made["out.gguf"], ElementTypes.Parse(wanted), null, _ => { });
        using var model = LoadedModel.Load(made["out.gguf"]);

        var type = (uint)(ElementTypes.Parse(wanted) ?? ElementType.BF16);
        Assert.All(model.File.Tensors, t => Assert.Equal(t.Shape.Count == 1 ? 0u : type, t.Type));
        Assert.True(Difference(new ReferenceModel(made.Folder).Logits(Text), EngineLogits.Of(model, Text)) < tolerance);
    }

    [Fact]
    public void The_demo_model_comes_out_with_its_tokens_its_template_and_its_answers()
    {
        using var folder = new TemporaryFolder();
        ModelConversion.Run(Demo, folder["demo.gguf"], ElementType.F32, null, _ => { });
        using var known = LoadedModel.Load(EngineProcess.DemoModel);
        using var converted = LoadedModel.Load(folder["demo.gguf"]);

        var question = converted.Vocabulary.Tokenize(MarkedText.Trusted("<|im_start|>user\nWhat does improve mean?<|im_end|>\n<|im_start|>assistant\n"));
        var difference = Difference(new ReferenceModel(Demo).Logits(question), EngineLogits.Of(converted, question));

        // The published file has a token put before every text; the source's tokenizer has not.
        Assert.All(["What does improve mean?", "naïve 日本語 🧲 12345", " it's\n\n  spaced <|im_end|>"], text => Assert.Equal(known.Vocabulary.Tokenize(MarkedText.Trusted(text)).Skip(1), converted.Vocabulary.Tokenize(MarkedText.Trusted(text))));
        Assert.All(["tokenizer.chat_template", "tokenizer.ggml.pre", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "llama.context_length"], key => Assert.Equal(known.File.Metadata[key], converted.File.Metadata[key]));
        Assert.True(difference < 2e-3, $"differs by {difference}");
    }

    [Theory]
    [InlineData("""{"architectures": ["GPT2LMHeadModel"]}""", "Models of the architecture GPT2LMHeadModel are not converted")]
    [InlineData("""{"architectures": null}""", "config.json names none")]
    [InlineData("""{"intermediate_size": 96}""", "Tensor 'model.layers.0.mlp.gate_proj.weight' is [80, 48]; by config.json it must be [96, 48].")]
    [InlineData("""{"num_hidden_layers": 4}""", "The weights lack the tensor 'model.layers.3.input_layernorm.weight'.")]
    [InlineData("""{"num_hidden_layers": 2}""", "have a tensor 'model.layers.2.input_layernorm.weight' that LlamaForCausalLM does not have")]
    [InlineData("""{"hidden_size": null}""", "hidden_size must be given")]
    [InlineData("""{"hidden_size": 1.5}""", "hidden_size must be a whole number")]
    [InlineData("""{"num_key_value_heads": 3}""", "fits nothing")]
    [InlineData("""{"hidden_act": "gelu"}""", "the activation gelu")]
    [InlineData("""{"quantization_config": {"bits": 4}}""", "quantised already")]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "factor": 2}}""", "stretched as longrope")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear"}}""", "lacks factor")]
    [InlineData("""{"mlp_bias": true}""", "mlp_bias")]
    [InlineData("""{"vocab_size": 200}""", "must be [200, 48]")]
    public void What_cannot_be_converted_is_refused_before_anything_is_written(string settings, string why)
    {
        using var made = new MadeModel("LlamaForCausalLM", "F32");
        foreach (var (key, value) in JsonNode.Parse(settings)!.AsObject())
        {
            made.Config[key] = value?.DeepClone();
        }

        made.Save();

        Assert.Contains(why, Fault(made), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(made.Folder, "*.gguf*"));
    }

    [Fact]
    public void Weights_that_are_not_whole_are_refused()
    {
        using var made = new MadeModel("LlamaForCausalLM", "F32").Save(files: 2);
        var second = made["model-00002-of-00002.safetensors"];
        var bytes = File.ReadAllBytes(second);
        var whole = Fault(made);
        File.WriteAllBytes(second, bytes[..^100]);
        var cut = Fault(made);
        File.WriteAllText(second, "not safetensors at all, but long enough");
        var other = Fault(made);
        File.Delete(second);
        var missing = Fault(made);
        File.Delete(made["model.safetensors.index.json"]);
        var none = Fault(made);
        using var packed = new MadeModel("LlamaForCausalLM", "I32").Save();

        Assert.Equal("", whole);
        Assert.Contains("lies outside of it. Fetch it again", cut, StringComparison.Ordinal);
        Assert.Contains("is no whole safetensors file", other, StringComparison.Ordinal);
        Assert.Contains("names model-00002-of-00002.safetensors, which is not in the repository", missing, StringComparison.Ordinal);
        Assert.Contains("There are no weights to convert", none, StringComparison.Ordinal);
        Assert.Contains("is of type I32. Weights in F32, F16 and BF16 are converted", Fault(packed), StringComparison.Ordinal);
    }

    private static string Fault(MadeModel made)
    {
        try
        {
            ModelConversion.Run(made.Folder, made["out.gguf"], null, null, _ => { });
            File.Delete(made["out.gguf"]);
            return "";
        }
        catch (EngineFault fault)
        {
            return fault.Message;
        }
    }

    private static double Difference(double[][] expected, float[][] actual) =>
        expected.Zip(actual).Max(both => both.First.Zip(both.Second).Max(pair => Math.Abs(pair.First - pair.Second)));

    private sealed class TemporaryFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lodestone-converted-");

        public string this[string file] => Path.Combine(_folder.FullName, file);

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
