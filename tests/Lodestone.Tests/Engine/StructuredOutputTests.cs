using System.Net;
using System.Text.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class StructuredOutputTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    private const string Person =
        """{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":120},"tags":{"type":"array","items":{"enum":["kind","tall"]},"maxItems":2}},"required":["name","age","tags"],"additionalProperties":false}""";

    [Fact]
    public async Task Every_answer_satisfies_the_schema_whatever_the_model_would_rather_say()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(seed => Ask(new { type = "json_schema", json_schema = new { name = "person", schema = Parse(Person), strict = true } }, seed)));

        Assert.All(answers, answer =>
        {
            var person = Parse(answer);
            Assert.InRange(person.GetProperty("name").GetString()!.Length, 0, 12);
            Assert.InRange(person.GetProperty("age").GetInt32(), 0, 120);
            Assert.InRange(person.GetProperty("tags").GetArrayLength(), 0, 2);
        });
        Assert.True(answers.Distinct(StringComparer.Ordinal).Count() > 20, "they are all alike");
    }

    [Fact]
    public async Task Json_mode_writes_an_object_or_is_cut()
    {
        var (status, body) = await engine.Post("/v1/chat/completions", Question(new { type = "json_object" }, seed: 3));

        var choice = body.GetProperty("choices")[0];
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("{", choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hugging_faces_ways_of_asking_are_understood()
    {
        Assert.Contains(await Ask(new { type = "json_object", value = Parse("""{"enum":["yes","no"]}""") }, seed: 1), new[] { "\"yes\"", "\"no\"" });
        Assert.Contains(await Ask(new { type = "json", value = Parse("""{"enum":["yes","no"]}""") }, seed: 1), new[] { "\"yes\"", "\"no\"" });
        Assert.Matches("^[ab]{3}$", await Ask(new { type = "regex", value = "^[ab]{3}$" }, seed: 1));
    }

    [Fact]
    public async Task A_schema_that_is_not_supported_is_refused_with_its_place()
    {
        var schema = Parse("""{"type":"object","properties":{"a":{"type":"array","uniqueItems":true}}}""");

        var (status, body) = await engine.Post("/v1/chat/completions", Question(new { type = "json_schema", json_schema = new { name = "x", schema } }, seed: 0));

        var error = body.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(("response_format", "unsupported_schema"), (error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
        Assert.Contains("#/properties/a", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task<string> Ask(object format, int seed)
    {
        var (_, body) = await engine.Post("/v1/chat/completions", Question(format, seed));
        Assert.Equal("stop", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        return ChatCompletionsTests.Content(body);
    }

    private static object Question(object format, int seed) =>
        ChatCompletionsTests.Ask("Who is there?", new { temperature = 1.5, seed, response_format = format, max_tokens = 300 });

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
