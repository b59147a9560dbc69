using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class EmbeddingsTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    private static readonly string[] Texts = ["To improve is to make better.", "To improve is to make it better.", "A window lets in light."];

    [Fact]
    public async Task Texts_become_vectors_of_length_one_in_their_order()
    {
        var (status, body) = await engine.Post("/v1/embeddings", new { input = Texts });

        var vectors = Vectors(body);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([0, 1, 2], body.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("index").GetInt32()));
        Assert.All(vectors, vector => Assert.Equal(1, Dot(vector, vector), 4));
        Assert.All(vectors, vector => Assert.Equal(192, vector.Length));
        Assert.True(Dot(vectors[0], vectors[1]) > Dot(vectors[0], vectors[2]));
    }

    [Fact]
    public async Task A_text_has_the_same_vector_alone_and_among_others()
    {
        var (_, alone) = await engine.Post("/v1/embeddings", new { input = Texts[2] });
        var (_, among) = await engine.Post("/v1/embeddings", new { input = Texts });

        Assert.Equal(1, Dot(Vectors(alone)[0], Vectors(among)[2]), 3);
    }

    [Fact]
    public async Task A_text_longer_than_a_piece_is_read_in_pieces()
    {
        var text = string.Join(' ', Enumerable.Repeat("improve", 150));

        var (_, body) = await engine.Post("/v1/embeddings", new { input = new[] { text, Texts[0], text } });

        var vectors = Vectors(body);
        Assert.Equal(1, Dot(vectors[0], vectors[2]), 3);
        Assert.InRange(Dot(vectors[0], vectors[1]), -1, 0.99);
    }

    [Fact]
    public async Task Base64_holds_the_same_numbers()
    {
        var (_, plain) = await engine.Post("/v1/embeddings", new { input = Texts[0], encoding_format = "float" });
        var (_, packed) = await engine.Post("/v1/embeddings", new { input = Texts[0], encoding_format = "base64" });

        var bytes = packed.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(1, Dot(Vectors(plain)[0], MemoryMarshal.Cast<byte, float>(bytes).ToArray()), 4);
    }

    [Fact]
    public async Task Fewer_dimensions_have_length_one_again()
    {
        var (_, body) = await engine.Post("/v1/embeddings", new { input = Texts[0], dimensions = 16 });

        var vector = Vectors(body)[0];
        Assert.Equal(16, vector.Length);
        Assert.Equal(1, Dot(vector, vector), 4);
    }

    [Fact]
    public async Task Tokens_are_counted_and_may_be_sent_themselves()
    {
        var (_, counted) = await engine.Post("/tokenize", new { content = Texts[0] });
        int[] tokens = [4093, .. counted.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];

        var (_, ofText) = await engine.Post("/v1/embeddings", new { input = Texts[0] });
        var (_, ofTokens) = await engine.Post("/v1/embeddings", new { input = new[] { tokens } });

        Assert.Equal(tokens.Length, ofText.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(tokens.Length, ofTokens.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(1, Dot(Vectors(ofText)[0], Vectors(ofTokens)[0]), 3);
    }

    [Fact]
    public async Task A_model_whose_tokens_see_all_others_embeds_and_does_not_write()
    {
        var path = Path.GetTempFileName();
        new GgufMaker(EngineProcess.DemoModel).WriteRandomEmbedder(path, width: 128, layers: 2, context: 256);
        await using var embedder = new EngineProcess();
        await embedder.Start(path);
        File.Delete(path);
        var text = string.Join(' ', Enumerable.Repeat("improve", 70));

        var (_, alone) = await embedder.Post("/v1/embeddings", new { input = text });
        var (_, among) = await embedder.Post("/v1/embeddings", new { input = new[] { Texts[0], text, Texts[1] } });
        var (status, refused) = await embedder.Post("/v1/completions", new { prompt = "Hello" });

        Assert.Equal(128, Vectors(alone)[0].Length);
        Assert.Equal(1, Dot(Vectors(alone)[0], Vectors(among)[1]), 3);
        Assert.InRange(Dot(Vectors(among)[0], Vectors(among)[1]), -1, 0.999);
        Assert.Equal((HttpStatusCode.BadRequest, "unsupported_model"), (status, refused.GetProperty("error").GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("""{"input":[]}""", "input", "invalid_value")]
    [InlineData("""{"input":[["a"]]}""", "input[0]", "invalid_value")]
    [InlineData("""{"input":"a","encoding_format":"hex"}""", "encoding_format", "invalid_value")]
    [InlineData("""{"input":"a","dimensions":193}""", "dimensions", "invalid_value")]
    [InlineData("""{"input":"a b c d","lodestone_max_prompt":2}""", "input", "prompt_above_bound")]
    public async Task What_cannot_be_honoured_is_refused_by_name(string body, string param, string code)
    {
        using var response = await engine.Client.PostAsync("/v1/embeddings", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((param, code), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_text_above_the_context_is_refused_with_the_numbers()
    {
        var (status, body) = await engine.Post("/v1/embeddings", new { input = new[] { "a", string.Join(' ', Enumerable.Repeat("word", 600)) } });

        var error = body.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(("input[1]", "context_length_exceeded"), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
        Assert.Contains("512", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static List<float[]> Vectors(JsonElement body) => body.GetProperty("data").EnumerateArray()
        .Select(item => item.GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle()).ToArray()).ToList();

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
