using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Engine;
using Lodestone.Engine.Conversion;
using Lodestone.Engine.Inference;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>Adapters as PEFT saves them, beside models into whose weights the same was added.</summary>
[NoDatabase]
public sealed class AdapterConversionTests
{
    private static readonly int[] Text = [5, 17, 260, 42, 3, 3, 200, 119, 64, 91, 7, 250, 31, 8, 77, 140, 12, 5, 17, 99];

    [Theory]
    [InlineData("LlamaForCausalLM", false)]
    [InlineData("MistralForCausalLM", true)]
    [InlineData("Qwen2ForCausalLM", false)]
    [InlineData("Qwen3ForCausalLM", true)]
    public void A_model_with_an_adapter_answers_as_one_that_it_was_merged_into(string className, bool rootScaled)
    {
        using var made = new MadeModel(className, "F32").Save();
        using var merged = new MadeModel(className, "F32");
        var adapter = new MadeAdapter(made.Projections, seed: 3, rootScaled);
        Array.ForEach([.. adapter.Changes], change => merged.Add($"{change.Key}.weight", change.Value));
        merged.Save();
        ModelConversion.Run(made.Folder, made["base.gguf"], ElementType.F32, null, _ => { });
        ModelConversion.Run(merged.Folder, merged["merged.gguf"], ElementType.F32, null, _ => { });

        using var model = LoadedModel.Load(made["base.gguf"]);
        using var whole = LoadedModel.Load(merged["merged.gguf"]);
        AdapterConversion.Run(adapter.Save(made["adapter_model.safetensors"]), Element(adapter.Config), model.File, made["adapter.gguf"]);
        Adapter.Check("a", made["adapter.gguf"], model.File);
        var adapted = EngineLogits.Of(model, Text, made["adapter.gguf"]);
        var (toMerged, toFormulas, toBase) = (Difference(EngineLogits.Of(whole, Text), adapted), Difference(Single(new ReferenceModel(merged.Folder).Logits(Text)), adapted), Difference(EngineLogits.Of(model, Text), adapted));

        TestContext.Current.SendDiagnosticMessage($"{className}: {toMerged:E1} from merged weights, {toFormulas:E1} from the formulas");
        Assert.True(toMerged < 2e-4 && toFormulas < 2e-4, $"differs by {toMerged} from merged weights and by {toFormulas} from the formulas");
        Assert.True(toBase > 0.5, $"differs by {toBase} only from the base model, so that the comparison says nothing");
    }

    [Theory]
    [InlineData("""{"use_dora": true}""", "has use_dora, which cannot be served")]
    [InlineData("""{"modules_to_save": ["lm_head"]}""", "has modules_to_save")]
    [InlineData("""{"alpha_pattern": {"q_proj": 32}}""", "has alpha_pattern")]
    [InlineData("""{"bias": "all"}""", "is no plain LoRA")]
    [InlineData("""{"peft_type": "IA3"}""", "is no plain LoRA")]
    [InlineData("""{"lora_alpha": "x"}""", "lora_alpha must be a number")]
    [InlineData("""{"r": 8, "use_rslora": true}""", "several ranks")]
    public void What_is_more_than_low_rank_changes_is_refused(string settings, string why) => Assert.Contains(why, Fault(adapter =>
    {
        foreach (var (key, value) in JsonNode.Parse(settings)!.AsObject())
        {
            adapter.Config[key] = value?.DeepClone();
        }
    }), StringComparison.Ordinal);

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        var embedding = Fault(adapter => adapter.Put("model.embed_tokens.lora_embedding_A", [4, 288], new float[4 * 288]));
        var layer = Fault(adapter => adapter.Put("model.layers.7.mlp.up_proj.lora_A.weight", [4, 48], new float[4 * 48]).Put("model.layers.7.mlp.up_proj.lora_B.weight", [80, 4], new float[80 * 4]));
        var half = Fault(adapter => adapter.Put("model.layers.1.mlp.up_proj.lora_A.weight", [4, 48], new float[4 * 48]));
        var size = Fault(adapter => adapter.Put("model.layers.1.mlp.up_proj.lora_A.weight", [4, 64], new float[4 * 64]).Put("model.layers.1.mlp.up_proj.lora_B.weight", [80, 4], new float[80 * 4]));
        var heads = Fault(adapter => adapter.Put("model.layers.1.self_attn.q_proj.lora_B.weight", [41, 4], new float[41 * 4]));

        Assert.Contains("Only projections of attention and feed-forward layers", embedding, StringComparison.Ordinal);
        Assert.Contains("which its base model does not have", layer, StringComparison.Ordinal);
        Assert.Contains("does not fit its base model", half, StringComparison.Ordinal);
        Assert.Contains("does not fit its base model", size, StringComparison.Ordinal);
        Assert.Contains("fits no model with 4 heads", heads, StringComparison.Ordinal);
        Assert.Equal("", Fault(_ => { }));
    }

    private static string Fault(Action<MadeAdapter> change)
    {
        using var made = new MadeModel("LlamaForCausalLM", "F32").Save();
        ModelConversion.Run(made.Folder, made["base.gguf"], ElementType.F32, null, _ => { });
        var model = Lodestone.Engine.Gguf.GgufFile.Read(made["base.gguf"]);
        var adapter = new MadeAdapter(made.Projections.Take(2), seed: 1);
        change(adapter);
        try
        {
            AdapterConversion.Run(adapter.Save(made["adapter_model.safetensors"]), Element(adapter.Config), model, made["adapter.gguf"]);
            Adapter.Check("a", made["adapter.gguf"], model);
            return "";
        }
        catch (EngineFault fault)
        {
            return fault.Message;
        }
    }

    private static JsonElement Element(JsonObject config) => JsonSerializer.SerializeToElement(config);

    private static float[][] Single(double[][] logits) => [.. logits.Select(row => Array.ConvertAll(row, number => (float)number))];

    private static double Difference(float[][] expected, float[][] actual) =>
        expected.Zip(actual).Max(both => both.First.Zip(both.Second).Max(pair => Math.Abs(pair.First - pair.Second)));
}
