using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class CompletionsTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    [Fact]
    public async Task A_text_is_continued_without_a_template()
    {
        var (status, body) = await engine.Post("/v1/completions", new { prompt = "To improve is to make", temperature = 0, max_tokens = 4 });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.Equal(4, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.NotEmpty(body.GetProperty("choices")[0].GetProperty("text").GetString()!);
    }

    [Fact]
    public async Task A_limit_that_nobody_sets_is_sixteen_tokens()
    {
        var (_, body) = await engine.Post("/v1/completions", new { prompt = "Once", temperature = 0, logit_bias = new Dictionary<string, int>(StringComparer.Ordinal) { ["4093"] = -100, ["4095"] = -100 } });

        Assert.Equal(16, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Text_and_tokens_say_the_same_and_echo_repeats_them()
    {
        var (_, counted) = await engine.Post("/tokenize", new { content = "To improve is to make" });
        int[] tokens = [4093, .. counted.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];

        var (_, ofText) = await engine.Post("/v1/completions", new { prompt = "To improve is to make", temperature = 0, echo = true });
        var (_, ofTokens) = await engine.Post("/v1/completions", new { prompt = tokens, temperature = 0 });

        Assert.Equal("To improve is to make" + Text(ofTokens, 0), Text(ofText, 0));
        Assert.Equal(ofTokens.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), ofText.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Each_prompt_has_its_choices_in_order_and_is_charged_once()
    {
        string[] prompts = ["To improve is to make", "A window is"];
        var (_, first) = await engine.Post("/v1/completions", new { prompt = prompts[0], temperature = 0 });
        var (_, second) = await engine.Post("/v1/completions", new { prompt = prompts[1], temperature = 0 });

        var (_, body) = await engine.Post("/v1/completions", new { prompt = prompts, temperature = 0, n = 2 });

        Assert.Equal([0, 1, 2, 3], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal([Text(first, 0), Text(first, 0), Text(second, 0), Text(second, 0)], Enumerable.Range(0, 4).Select(i => Text(body, i)));
        Assert.Equal(Usage(first, "prompt_tokens") + Usage(second, "prompt_tokens"), Usage(body, "prompt_tokens"));
        Assert.Equal(2 * (Usage(first, "completion_tokens") + Usage(second, "completion_tokens")), Usage(body, "completion_tokens"));
    }

    [Fact]
    public async Task A_stream_of_two_choices_says_the_same_as_a_whole_answer()
    {
        var question = new Dictionary<string, object>(StringComparer.Ordinal) { ["prompt"] = "To improve is to make", ["n"] = 2, ["seed"] = 5, ["temperature"] = 1.8 };
        var (_, whole) = await engine.Post("/v1/completions", question);

        var chunks = await engine.Stream(new Dictionary<string, object>(question, StringComparer.Ordinal) { ["stream"] = true, ["lodestone_usage"] = true }, "/v1/completions");

        foreach (var index in new[] { 0, 1 })
        {
            var choices = chunks.Select(chunk => chunk.GetProperty("choices")[0]).Where(choice => choice.GetProperty("index").GetInt32() == index);
            Assert.Equal(Text(whole, index), string.Concat(choices.Select(choice => choice.GetProperty("text").GetString())));
        }

        Assert.NotEqual(Text(whole, 0), Text(whole, 1), StringComparer.Ordinal);
        Assert.Equal(Usage(whole, "completion_tokens"), Usage(chunks[^1], "completion_tokens"));
    }

    [Fact]
    public async Task Probabilities_come_with_tokens_and_their_places()
    {
        var (_, body) = await engine.Post("/v1/completions", new { prompt = "To improve is to make", temperature = 0, logprobs = 2, max_tokens = 5 });

        var choice = body.GetProperty("choices")[0];
        var logprobs = choice.GetProperty("logprobs");
        Assert.Equal(Text(body, 0), string.Concat(logprobs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString())));
        Assert.All(logprobs.GetProperty("token_logprobs").EnumerateArray(), number => Assert.InRange(number.GetDouble(), -20, 0));
        Assert.All(logprobs.GetProperty("top_logprobs").EnumerateArray(), top => Assert.Equal(2, top.EnumerateObject().Count()));
        Assert.Equal(0, logprobs.GetProperty("text_offset")[0].GetInt32());
    }

    [Fact]
    public async Task A_model_that_was_made_to_fills_a_gap()
    {
        var path = Path.GetTempFileName();
        new GgufMaker(EngineProcess.DemoModel).Set("tokenizer.ggml.fim_pre_token_id", 4090).Set("tokenizer.ggml.fim_suf_token_id", 4091)
            .Set("tokenizer.ggml.fim_mid_token_id", 4092).Write(path);
        await using var filling = new EngineProcess();
        await filling.Start(path);
        File.Delete(path);

        var (_, counted) = await filling.Post("/tokenize", new { content = "To improve" });
        var (status, body) = await filling.Post("/v1/completions", new { prompt = "To improve", suffix = "To improve", max_tokens = 3 });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((2 * counted.GetProperty("count").GetInt32()) + 4, Usage(body, "prompt_tokens"));
    }

    [Theory]
    [InlineData("""{"prompt":[]}""", "prompt")]
    [InlineData("""{"prompt":[5,4096]}""", "prompt[1]")]
    [InlineData("""{"prompt":["a",5]}""", "prompt[1]")]
    [InlineData("""{"prompt":7}""", "prompt")]
    [InlineData("{}", "prompt")]
    [InlineData("""{"prompt":"a","suffix":"b"}""", "suffix")]
    [InlineData("""{"prompt":"a","best_of":3}""", "best_of")]
    [InlineData("""{"prompt":"a","logprobs":6}""", "logprobs")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"prompt":"a b c d","lodestone_max_prompt":1}""", "prompt")]
    public async Task What_cannot_be_honoured_is_refused_by_name(string body, string param)
    {
        using var response = await engine.Client.PostAsync("/v1/completions", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        var error = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, error.GetProperty("param").GetString());
    }

    private static string Text(JsonElement body, int choice) => body.GetProperty("choices")[choice].GetProperty("text").GetString()!;

    private static int Usage(JsonElement body, string kind) => body.GetProperty("usage").GetProperty(kind).GetInt32();
}
