using System.Net;
using Lodestone.Engine;
using Lodestone.Engine.Gguf;
using Lodestone.Engine.Inference;

namespace Lodestone.Tests.Engine;

/// <summary>A small random model that judges texts.</summary>
[NoDatabase]
public sealed class RerankingTests : IDisposable
{
    private const int Width = 128;
    private const string Query = "Where is north?";

    private static readonly string[] Texts = ["A compass shows it.", "To improve is to make better.", "A window lets in light, and a door lets in people."];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ranker");

    [Fact]
    public async Task Texts_are_ranked_by_what_the_models_last_layers_make_of_the_first_tokens_vector()
    {
        var (ranker, embedder) = (Path.Combine(_folder.FullName, "ranker.gguf"), Path.Combine(_folder.FullName, "embedder.gguf"));
        new GgufMaker(EngineProcess.DemoModel).WriteRandomRanker(ranker, Width, ranks: true);
        new GgufMaker(EngineProcess.DemoModel).WriteRandomRanker(embedder, Width, ranks: false);
        await using var engine = new EngineProcess();
        await engine.Start(ranker);

        var (_, answer) = await engine.Post("/v1/rerank", new { query = Query, documents = Texts });
        var (_, alone) = await engine.Post("/v1/rerank", new { query = Query, documents = Texts[2..] });
        var (writing, refused) = await engine.Post("/v1/completions", new { prompt = "Hello" });
        var (embedding, _) = await engine.Post("/v1/embeddings", new { input = "Hello" });
        var (tooLong, named) = await engine.Post("/v1/rerank", new { query = Query, documents = new[] { "a", string.Join(' ', Enumerable.Repeat("word", 300)) } });
        var expected = await ExpectedAsync(embedder, ranker);

        var results = answer.GetProperty("results").EnumerateArray().Select(r => (Index: r.GetProperty("index").GetInt32(), Score: r.GetProperty("relevance_score").GetDouble())).ToList();
        Assert.Equal([0, 1, 2], results.Select(r => r.Index).Order());
        Assert.Equal(results.OrderByDescending(r => r.Score), results);
        Assert.Equal(3, results.Select(r => r.Score).Distinct().Count());
        Assert.All(results, r => Assert.Equal(expected[r.Index], r.Score, 3e-3));
        Assert.Equal(results.Single(r => r.Index == 2).Score, alone.GetProperty("results")[0].GetProperty("relevance_score").GetDouble(), 1e-4);
        Assert.True(answer.GetProperty("usage").GetProperty("total_tokens").GetInt32() > 20);
        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_model", HttpStatusCode.BadRequest), (writing, refused.GetProperty("error").GetProperty("code").GetString(), embedding));
        Assert.Equal((HttpStatusCode.BadRequest, "documents[1]"), (tooLong, named.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task A_model_that_does_not_judge_says_so()
    {
        await using var engine = new EngineProcess();
        await engine.InitializeAsync();

        var (status, body) = await engine.Post("/v1/rerank", new { query = Query, documents = Texts });

        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_model"), (status, body.GetProperty("error").GetProperty("code").GetString()));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The same by the formula, from the weights as they are in the file.</summary>
    private static async Task<List<double>> ExpectedAsync(string embedder, string ranker)
    {
        using var model = LoadedModel.Load(embedder);
        using var loop = new InferenceLoop(model, new EngineOptions { Model = "", Socket = "", Name = "" }, TimeProvider.System);
        var vectors = await loop.Embed([.. Texts.Select(text => model.Vocabulary.TokenizePair(Query, text).ToArray())], CancellationToken.None) ?? throw new InvalidOperationException("Nothing was embedded.");
        var (dense, output) = (Matrix(ranker, "cls.weight"), Matrix(ranker, "cls.output.weight"));
        return vectors.ConvertAll(x => 1 + Enumerable.Range(0, Width).Sum(i => output[i] * Math.Tanh(1 + Enumerable.Range(0, Width).Sum(j => dense[(i * Width) + j] * x[j])))); // the biases are ones
    }

    private static double[] Matrix(string path, string name)
    {
        var (tensors, bytes) = (GgufFile.Read(path).Tensors, File.ReadAllBytes(path));
        var start = bytes.Length - tensors[^1].Offset - 32; // the last tensor is one number, padded
        var tensor = tensors.Single(t => t.Name == name);
        return [.. Enumerable.Range(0, (int)(tensor.Shape[0] * tensor.Shape[1])).Select(i =>
        {
            var block = bytes.AsSpan((int)(start + tensor.Offset + (i / 32 * 34)), 34);
            return (double)BitConverter.ToHalf(block) * (sbyte)block[2 + (i % 32)];
        })];
    }
}
