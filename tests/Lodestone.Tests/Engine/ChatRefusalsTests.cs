using System.Net;
using System.Text;
using System.Text.Json;
using System.Net.Http.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class ChatRefusalsTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    [Theory]
    [InlineData("""{"response_format":{"type":"yaml"}}""", "response_format")]
    [InlineData("""{"response_format":{"type":"json_schema"}}""", "response_format")]
    [InlineData("""{"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","patternProperties":{}}}}}""", "response_format")]
    [InlineData("""{"top_logprobs":3}""", "top_logprobs")]
    [InlineData("""{"logprobs":true,"top_logprobs":21}""", "top_logprobs")]
    [InlineData("""{"n":0}""", "n")]
    [InlineData("""{"n":129}""", "n")]
    [InlineData("""{"logit_bias":{"4096":1}}""", "logit_bias")]
    [InlineData("""{"logit_bias":{"5":101}}""", "logit_bias")]
    [InlineData("""{"logit_bias":[1]}""", "logit_bias")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", "messages[0].content[0]")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","tool_calls":{}}]}""", "messages[0].tool_calls")]
    [InlineData("""{"temperature":2.1}""", "temperature")]
    [InlineData("""{"temperature":"hot"}""", "temperature")]
    [InlineData("""{"top_p":-0.1}""", "top_p")]
    [InlineData("""{"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"max_completion_tokens":-5}""", "max_completion_tokens")]
    [InlineData("""{"stop":["a","b","c","d","e"]}""", "stop")]
    [InlineData("""{"stop":""}""", "stop")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":[{"role":"wizard","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    public async Task What_cannot_be_honoured_is_refused_by_name(string members, string param)
    {
        var body = Merge("""{"messages":[{"role":"user","content":"Hello"}],"temperature":0}""", members);

        var (status, error) = await Send(body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("""{"tools":[],"response_format":{"type":"text"},"n":1,"logit_bias":{},"logprobs":false,"top_logprobs":0}""")]
    [InlineData("""{"stop":null,"seed":null,"max_tokens":null,"temperature":null,"stream":null,"stream_options":null,"tools":null,"top_p":null}""")]
    [InlineData("""{"user":"u","metadata":{"a":"b"},"store":true,"some_future_field":[1,2,{"x":null}]}""")]
    [InlineData("""{"max_tokens":100000,"top_k":-1,"min_p":0.1,"presence_penalty":1,"frequency_penalty":-1,"repetition_penalty":1.2}""")]
    public async Task What_asks_for_nothing_special_is_accepted(string members)
    {
        var body = Merge("""{"messages":[{"role":"user","content":"Hello"}],"max_completion_tokens":3}""", members);

        using var response = await engine.Client.PostAsync("/v1/chat/completions", Json(body));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_prompt_above_what_was_reserved_for_is_refused_before_it_is_computed()
    {
        var (status, error) = await Send(Merge("""{"messages":[{"role":"user","content":"Hello"}]}""", """{"lodestone_max_prompt":1}"""));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("prompt_above_bound", error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_prompt_that_does_not_fit_is_refused_with_the_numbers()
    {
        var (status, body) = await engine.Post("/v1/chat/completions", ChatCompletionsTests.Ask(string.Join(' ', Enumerable.Repeat("word", 600))));

        var error = body.GetProperty("error");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Contains("512", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("61", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_ends_where_the_context_does()
    {
        var question = ChatCompletionsTests.Ask(string.Join(' ', Enumerable.Repeat("word", 495)));
        var (_, counted) = await engine.Post("/tokenize", question);

        var (_, body) = await engine.Post("/v1/chat/completions", question);

        var room = 512 - counted.GetProperty("count").GetInt32();
        Assert.InRange(body.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), 1, room);
    }

    [Fact]
    public async Task Malformed_json_is_refused_with_its_place()
    {
        var (status, error) = await Send("{\"messages\": [\n  {\"role\": user}]}");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("line 2, byte 12", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lone_surrogate_is_no_accident()
    {
        using var response = await engine.Client.PostAsync(
            "/v1/chat/completions", Json("""{"messages":[{"role":"user","content":"\ud83d"}],"max_tokens":2}"""));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private async Task<(HttpStatusCode Status, JsonElement Error)> Send(string body)
    {
        using var response = await engine.Client.PostAsync("/v1/chat/completions", Json(body));
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error"));
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static string Merge(string first, string second) => JsonSerializer.Serialize(
        JsonDocument.Parse(first).RootElement.EnumerateObject().Concat(JsonDocument.Parse(second).RootElement.EnumerateObject())
            .GroupBy(member => member.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal));
}
