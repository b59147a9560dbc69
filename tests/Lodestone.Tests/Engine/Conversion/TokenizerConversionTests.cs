using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Engine;
using Lodestone.Engine.Conversion;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>Tokenizers as repositories have them, and what llama.cpp makes of texts after the conversion.</summary>
[NoDatabase]
public sealed class TokenizerConversionTests
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Qwen = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Theory]
    [InlineData(Llama, "llama-bpe", 257)]
    [InlineData(Qwen, "qwen2", 49, 50, 51)]
    [InlineData(Tekken, "tekken", 49, 50, 51)]
    public void How_a_text_is_split_is_known_by_its_pattern(string pattern, string name, params int[] ofNumber)
    {
        var steps = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false },
                new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
        };
        using var made = new MadeModel("Qwen2ForCausalLM", "F32") { Tokenizer = MadeModel.Bytes(steps.ToJsonString()) }.Save();
        File.WriteAllText(made["tokenizer_config.json"], """{"bos_token": null, "eos_token": {"content": "<|end|>"}, "add_bos_token": false, "chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "{{ messages }}"}]}""");

        using var model = Convert(made);

        Assert.Equal((name, "gpt2", "{{ messages }}", 260u), (model.File.Metadata["tokenizer.ggml.pre"], model.File.Metadata["tokenizer.ggml.model"], model.File.Metadata["tokenizer.chat_template"], model.File.Metadata["tokenizer.ggml.eos_token_id"]));
        Assert.Equal(ofNumber, model.Vocabulary.TokenizeText("123"));
        Assert.Equal([258, 98, 260], model.Vocabulary.Tokenize(MarkedText.Trusted(" ab<|end|>"))); // the merge of a space and a letter; a token that stands for something
        Assert.True(model.Vocabulary.EndsGeneration(260));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pieces_are_read_from_either_file(bool isBinary)
    {
        string[] pieces = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>"), "ab", "▁ab", "a", "b", "▁"];
        using var made = new MadeModel("MistralForCausalLM", "F32") { Tokenizer = isBinary ? null : Fast(pieces) }.Save();
        File.WriteAllText(made["tokenizer_config.json"], """{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}""");
        if (isBinary)
        {
            File.WriteAllBytes(made["tokenizer.model"], Binary(pieces, modelType: 2));
        }

        using var model = Convert(made);

        Assert.Equal([1, 260, 263, 262, 3 + 'c'], model.Vocabulary.Tokenize(MarkedText.Trusted("ab bc"))); // the beginning; a space before the text; a byte to fall back on
        Assert.Equal(("llama", true, 2u, 0u), (model.File.Metadata["tokenizer.ggml.model"], model.File.Metadata["tokenizer.ggml.add_bos_token"], model.File.Metadata["tokenizer.ggml.eos_token_id"], model.File.Metadata["tokenizer.ggml.unknown_token_id"]));
    }

    [Fact]
    public void A_tokenizer_that_llama_cpp_has_not_is_refused()
    {
        var refusals = new List<string>();
        foreach (var change in new Action<JsonObject>[]
        {
            t => t["pre_tokenizer"] = JsonNode.Parse("""{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "\\w+"}}, {"type": "ByteLevel", "use_regex": false}]}"""),
            t => t["normalizer"] = JsonNode.Parse("""{"type": "Lowercase"}"""),
            t => t["model"]!["type"] = "WordPiece",
            t => t["model"]!["vocab"]!["one too many"] = 288,
            t => t["model"]!["merges"] = JsonNode.Parse("[[1, 2, 3]]"),
        })
        {
            using var made = new MadeModel("LlamaForCausalLM", "F32");
            change(made.Tokenizer!);
            refusals.Add(Fault(made.Save()));
        }

        using var none = new MadeModel("LlamaForCausalLM", "F32") { Tokenizer = null }.Save();
        refusals.Add(Fault(none));
        File.WriteAllBytes(none["tokenizer.model"], Binary(["<unk>"], modelType: 1));
        refusals.Add(Fault(none));
        File.WriteAllText(none["tokenizer.model"], "no protocol buffer");
        refusals.Add(Fault(none));

        string[] expected =
        [
            "splits texts in a way that is not known here", "changes texts first (Lowercase)", "of the kind WordPiece", "has token 288 ('one too many'), and the model has vectors for 288", "a merge is not a pair",
            "There is no tokenizer", "of the unigram kind", "is no file of SentencePiece",
        ];
        Assert.All(expected.Zip(refusals), both => Assert.Contains(both.First, both.Second, StringComparison.Ordinal));
    }

    private static LoadedModel Convert(MadeModel made)
    {
        ModelConversion.Run(made.Folder, made["out.gguf"], null, null, _ => { });
        return LoadedModel.Load(made["out.gguf"]);
    }

    private static string Fault(MadeModel made) => Assert.Throws<EngineFault>(() => ModelConversion.Run(made.Folder, made["out.gguf"], null, null, _ => { })).Message;

    private static JsonObject Fast(string[] pieces)
    {
        var vocabulary = new JsonObject();
        foreach (var (id, piece) in pieces.Index())
        {
            vocabulary[piece] = id;
        }

        return JsonNode.Parse($$"""
            {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}, {"id": 2, "content": "</s>", "special": true}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}, "pre_tokenizer": null,
             "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "vocab": {{vocabulary.ToJsonString()}}, "merges": ["a b", "▁ ab"] } }
            """)!.AsObject();
    }

    /// <summary>A protocol buffer as SentencePiece writes it: pieces, what trained them, how texts are normalised.</summary>
    private static byte[] Binary(string[] pieces, byte modelType)
    {
        var file = new List<byte>();
        foreach (var (id, piece) in pieces.Index())
        {
            var text = Encoding.UTF8.GetBytes(piece);
            byte kind = piece switch
            {
                "<unk>" => 2,
                "<s>" or "</s>" => 3,
                _ when piece.StartsWith("<0x", StringComparison.Ordinal) => 6,
                _ => 1,
            };
            byte[] one = [0x0A, (byte)text.Length, .. text, 0x15, .. BitConverter.GetBytes(kind == 1 ? 259f - id : 0f), 0x18, kind];
            file.AddRange([0x0A, (byte)one.Length, .. one]);
        }

        file.AddRange([0x12, 2, 0x18, modelType, 0x1A, 2, 0x18, 1]);
        return [.. file];
    }
}
