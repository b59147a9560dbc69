using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Tests.Gateway;

public sealed class BadInputTests
{
    [Fact]
    public async Task Every_mistake_in_the_body_is_named_before_anything_else_happens()
    {
        await using var world = await GatewayWorld.StartAsync();

        foreach (var (more, code, param) in Mistakes())
        {
            using var answer = await world.CallAsync(GatewayWorld.Body(JsonNode.Parse(more)!.AsObject()));
            var error = await GatewayWorld.ErrorAsync(answer);

            Assert.True(answer.StatusCode is HttpStatusCode.BadRequest, $"{more}: {answer.StatusCode}");
            Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
            Assert.True(code == error.GetProperty("code").GetString(), $"{more}: {error}");
            Assert.True(param == error.GetProperty("param").GetString(), $"{more}: {error}");
        }

        Assert.Empty(await world.SettledAsync());
        Assert.Equal(0, await world.HoldsAsync());
    }

    [Theory]
    [InlineData("{\"model\": \"a\",\n \"messages\": [}", "line 2, byte 15")]
    [InlineData("", "line 1, byte 1")]
    [InlineData("{\"model\": \"a\"} trailing", "line 1, byte 16")]
    [InlineData("\u0000", "line 1, byte 1")]
    public async Task Broken_JSON_is_refused_with_its_position(string body, string position)
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await GatewayWorld.SendAsync(world.Client, new StringContent(body, Encoding.UTF8, "application/json"));
        var error = await GatewayWorld.ErrorAsync(answer);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("invalid_json", error.GetProperty("code").GetString());
        Assert.Contains(position, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    public async Task A_body_that_is_no_object_is_refused(string body)
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await GatewayWorld.SendAsync(world.Client, new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal("invalid_json", (await GatewayWorld.ErrorAsync(answer)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Text_that_is_not_Unicode_is_refused()
    {
        await using var world = await GatewayWorld.StartAsync();
        var body = Encoding.UTF8.GetBytes("""{"model":"acme/compass","messages":[{"role":"user","content":"XX"}]}""");
        body[body.AsSpan().IndexOf("XX"u8)] = 0xFF;

        using var answer = await GatewayWorld.SendAsync(world.Client, new ByteArrayContent(body));
        using var half = await GatewayWorld.SendAsync(world.Client, new StringContent("""{"model":"acme/compass","messages":[{"role":"user","content":"\ud83d"}]}"""));

        Assert.Equal("messages[0].content", (await GatewayWorld.ErrorAsync(answer)).GetProperty("param").GetString());
        Assert.Equal("messages[0].content", (await GatewayWorld.ErrorAsync(half)).GetProperty("param").GetString());
    }

    [Fact]
    public async Task Null_means_absent_and_unknown_members_mean_nothing()
    {
        await using var world = await GatewayWorld.StartAsync();
        var body = GatewayWorld.Body(JsonNode.Parse(
            """{"max_tokens":null,"stop":null,"tools":null,"response_format":{"type":"text"},"n":1,"logprobs":false,"tool_choice":"none","user":"u","x_new":{"a":[1]},"store":false}""")!.AsObject());
        body["temperature"] = null;

        using var answer = await world.CallAsync(body);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_the_numbers()
    {
        await using var world = await GatewayWorld.StartAsync();
        var text = string.Concat(Enumerable.Repeat("compass ", 600));

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) }));
        var error = await GatewayWorld.ErrorAsync(answer);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Matches("holds 512 tokens. Your messages have [0-9]+,", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task More_tokens_than_the_context_holds_are_refused()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["max_completion_tokens"] = 513 }));
        var error = await GatewayWorld.ErrorAsync(answer);

        Assert.Equal("max_completion_tokens", error.GetProperty("param").GetString());
        Assert.Contains("512", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused()
    {
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.Add(new(typeof(Lodestone.Gateway.GatewayOptions), new Lodestone.Gateway.GatewayOptions { LargestBody = 1000 })));

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["user"] = new string('x', 1000) }));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("request_too_large", (await GatewayWorld.ErrorAsync(answer)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_wrong_key_no_key_and_a_key_without_the_scope_are_told_apart()
    {
        await using var world = await GatewayWorld.StartAsync();
        var readOnly = await world.World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(world.World.Bob.Id, new NewToken("read", TokenScope.Read), CancellationToken.None));
        using var nobody = world.World.Server.Anonymous();
        using var wrong = world.World.Server.With("hf_wrongwrongwrongwrongwrongwrongwrong");
        using var weak = world.World.Server.With(readOnly);

        using var none = await GatewayWorld.CallAsync(nobody, GatewayWorld.Body());
        using var bad = await GatewayWorld.CallAsync(wrong, GatewayWorld.Body());
        using var forbidden = await GatewayWorld.CallAsync(weak, GatewayWorld.Body());

        Assert.Equal(HttpStatusCode.Unauthorized, none.StatusCode);
        Assert.Equal("invalid_api_key", (await GatewayWorld.ErrorAsync(none)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, bad.StatusCode);
        Assert.Equal("authentication_error", (await GatewayWorld.ErrorAsync(bad)).GetProperty("type").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal("insufficient_scope", (await GatewayWorld.ErrorAsync(forbidden)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task The_key_may_come_as_x_api_key()
    {
        await using var world = await GatewayWorld.StartAsync();
        using var client = world.World.Server.Anonymous();
        client.DefaultRequestHeaders.Add("x-api-key", world.World.Alice.Token);

        using var answer = await GatewayWorld.CallAsync(client, GatewayWorld.Body());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("acme/nothing")]
    [InlineData("nothing")]
    [InlineData("a/b/c/d")]
    [InlineData("../../etc/passwd")]
    public async Task An_unknown_model_is_not_found(string model)
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = model }));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(answer)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_private_model_of_others_looks_unknown_and_serves_its_own()
    {
        await using var world = await GatewayWorld.StartAsync();
        await world.PublishAsync("alice/secret", await File.ReadAllBytesAsync(DemoModel.Chat), isPrivate: true);
        await world.PriceAsync("alice/secret", "0", "0");
        var body = GatewayWorld.Body(new JsonObject { ["model"] = "alice/secret" });

        using var stranger = await GatewayWorld.CallAsync(world.World.As(world.World.Bob), body);
        using var owner = await world.CallAsync(body);

        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(stranger)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, owner.StatusCode);
    }

    [Fact]
    public async Task A_tag_chooses_among_a_models_files_and_a_revision_among_its_states()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var tagged = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "acme/compass@main:q8_0" }));
        using var missing = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "acme/compass:Q2_K" }));
        using var never = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "acme/compass@v9" }));

        Assert.Equal(HttpStatusCode.OK, tagged.StatusCode);
        Assert.Equal("model_not_servable", (await GatewayWorld.ErrorAsync(missing)).GetProperty("code").GetString());
        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(never)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_corrupt_model_is_refused_with_the_reason_and_others_go_on()
    {
        await using var world = await GatewayWorld.StartAsync();
        await world.PublishAsync("acme/broken", (await File.ReadAllBytesAsync(DemoModel.Chat))[..200_000]);
        await world.PriceAsync("acme/broken", "0", "0");

        using var broken = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "acme/broken" }));
        using var good = await world.CallAsync(GatewayWorld.Body());

        Assert.Equal(HttpStatusCode.UnprocessableEntity, broken.StatusCode);
        var error = await GatewayWorld.ErrorAsync(broken);
        Assert.Equal("model_unloadable", error.GetProperty("code").GetString());
        Assert.Contains("cut short", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
    }

    private static IEnumerable<(string More, string Code, string Param)> Mistakes()
    {
        const string Missing = "missing_required_parameter";
        const string Invalid = "invalid_value";
        const string Unsupported = "unsupported_parameter";
        yield return ("""{"model":null}""", Missing, "model");
        yield return ("""{"model":7}""", Invalid, "model");
        yield return ("""{"model":""}""", Invalid, "model");
        yield return ("""{"messages":null}""", Missing, "messages");
        yield return ("""{"messages":[]}""", Invalid, "messages");
        yield return ("""{"messages":"Hi"}""", Invalid, "messages");
        yield return ("""{"messages":["Hi"]}""", Invalid, "messages[0]");
        yield return ("""{"messages":[{"content":"Hi"}]}""", Missing, "messages[0].role");
        yield return ("""{"messages":[{"role":"king","content":"Hi"}]}""", Invalid, "messages[0].role");
        yield return ("""{"messages":[{"role":"user","content":"Hi"},{"role":"user"}]}""", Missing, "messages[1].content");
        yield return ("""{"messages":[{"role":"user","content":5}]}""", Invalid, "messages[0].content");
        yield return ("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", Invalid, "messages[0].content[0].text");
        yield return ("""{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://example.org/x.png"}}]}]}""", Unsupported, "messages[0].content[1]");
        yield return ("""{"messages":[{"role":"tool","content":"Hi","tool_call_id":"1"}]}""", Invalid, "messages[0].tool_call_id");
        yield return ("""{"messages":[{"role":"assistant","tool_calls":[{}]}]}""", Missing, "messages[0].tool_calls[0].id");
        yield return ("""{"temperature":-0.1}""", Invalid, "temperature");
        yield return ("""{"temperature":2.1}""", Invalid, "temperature");
        yield return ("""{"temperature":1e999}""", Invalid, "temperature");
        yield return ("""{"temperature":"hot"}""", Invalid, "temperature");
        yield return ("""{"top_p":1.5}""", Invalid, "top_p");
        yield return ("""{"presence_penalty":-3}""", Invalid, "presence_penalty");
        yield return ("""{"frequency_penalty":3}""", Invalid, "frequency_penalty");
        yield return ("""{"seed":1.5}""", Invalid, "seed");
        yield return ("""{"max_tokens":0}""", Invalid, "max_tokens");
        yield return ("""{"max_tokens":-1}""", Invalid, "max_tokens");
        yield return ("""{"max_tokens":99999999999999999999}""", Invalid, "max_tokens");
        yield return ("""{"max_tokens":1.5}""", Invalid, "max_tokens");
        yield return ("""{"max_tokens":"many"}""", Invalid, "max_tokens");
        yield return ("""{"stop":["a","b","c","d","e"]}""", Invalid, "stop");
        yield return ("""{"stop":""}""", Invalid, "stop");
        yield return ("""{"stop":5}""", Invalid, "stop");
        yield return ("""{"stream":"yes"}""", Invalid, "stream");
        yield return ("""{"stream_options":true}""", Invalid, "stream_options");
        yield return ("""{"n":0}""", Invalid, "n");
        yield return ("""{"n":129}""", Invalid, "n");
        yield return ("""{"functions":[{"name":"f"}]}""", Unsupported, "functions");
        yield return ("""{"response_format":{"type":"xml"}}""", Invalid, "response_format.type");
        yield return ("""{"logprobs":"yes"}""", Invalid, "logprobs");
        yield return ("""{"logit_bias":{"50256":-101}}""", Invalid, "logit_bias");
        yield return ("""{"modalities":["audio"]}""", Unsupported, "modalities");
    }
}
