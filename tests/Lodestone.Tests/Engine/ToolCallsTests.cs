using System.Net;
using System.Text.Json;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Tools;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class ToolCallsTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    private static readonly JsonElement Tools = Parse(
        """
        [{"type":"function","function":{"name":"weather","description":"Tells the weather.","parameters":{"type":"object","properties":{"city":{"type":"string","maxLength":10},"days":{"type":"integer","minimum":1,"maximum":9}},"required":["city","days"]},"strict":true}},
         {"type":"function","function":{"name":"time","parameters":{"type":"object","properties":{"zone":{"$ref":"#/$defs/zone"}},"required":["zone"],"$defs":{"zone":{"enum":["utc","local"]}}}}}]
        """);

    private static readonly ToolDialect Hermes = ToolDialect.Of("{% for t in tools %}<tool_call>");
    private static readonly ToolChoice Free = ToolChoice.Read(null, Tool.Read(Tools));

    [Fact]
    public async Task A_call_that_is_demanded_comes_whole_and_fits_its_schema()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var (status, body) = await engine.Post("/v1/chat/completions", Ask(new { tools = Tools, tool_choice = "required", seed }));

            var choice = body.GetProperty("choices")[0];
            var message = choice.GetProperty("message");
            Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
            var call = Assert.Single(message.GetProperty("tool_calls").EnumerateArray());
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(JsonValueKind.Null, message.GetProperty("content").ValueKind);
            Assert.StartsWith("call_", call.GetProperty("id").GetString(), StringComparison.Ordinal);
            CheckArguments(call.GetProperty("function"));
        }
    }

    [Fact]
    public async Task A_stream_names_the_call_once_and_ends_with_its_reason()
    {
        var choice = Parse("""{"type":"function","function":{"name":"time"}}""");

        var chunks = await engine.Stream(Ask(new { tools = Tools, tool_choice = choice, stream = true, seed = 4 }));

        var deltas = chunks.Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta")).Where(delta => delta.TryGetProperty("tool_calls", out _)).ToList();
        var call = Assert.Single(deltas).GetProperty("tool_calls")[0];
        Assert.Equal(0, call.GetProperty("index").GetInt32());
        Assert.Equal("time", call.GetProperty("function").GetProperty("name").GetString());
        CheckArguments(call.GetProperty("function"));
        Assert.Equal("tool_calls", chunks[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Tools_that_the_model_does_not_care_for_leave_its_answer_alone()
    {
        var (_, without) = await engine.Post("/v1/chat/completions", ChatCompletionsTests.Ask("What does improve mean?"));
        var (_, with) = await engine.Post("/v1/chat/completions", ChatCompletionsTests.Ask("What does improve mean?", new { tools = Tools, tool_choice = "none" }));

        Assert.Equal(ChatCompletionsTests.Content(without), ChatCompletionsTests.Content(with));
    }

    [Fact]
    public async Task Results_of_calls_are_part_of_the_conversation_and_tokenize_counts_them()
    {
        var messages = Parse(
            """
            [{"role":"user","content":"What time is it?"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"time","arguments":"{\"zone\":\"utc\"}"}}]},
             {"role":"tool","tool_call_id":"call_1","content":"12:00"}]
            """);

        var (status, body) = await engine.Post("/v1/chat/completions", new { messages, tools = Tools, max_tokens = 5 });
        var (_, counted) = await engine.Post("/tokenize", new { messages, tools = Tools });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(counted.GetProperty("count").GetInt32(), body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Theory]
    [InlineData("""{"tools":{}}""", "tools")]
    [InlineData("""{"tools":[{"type":"function"}]}""", "tools[0]")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"no spaces"}}]}""", "tools[0].function.name")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","minProperties":1}}}]}""", "tools[0].function.parameters")]
    [InlineData("""{"tool_choice":"required"}""", "tool_choice")]
    [InlineData("""{"tool_choice":"perhaps"}""", "tool_choice")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}}""", "tool_choice")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","response_format":{"type":"json_object"}}""", "response_format")]
    [InlineData("""{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"x"}]}]}""", "messages[0].tool_calls[0]")]
    public async Task What_cannot_be_honoured_is_refused_by_name(string members, string param)
    {
        var question = new Dictionary<string, object>(StringComparer.Ordinal) { ["messages"] = new[] { new { role = "user", content = "Hi" } } };
        foreach (var member in Parse(members).EnumerateObject())
        {
            question[member.Name] = member.Value;
        }

        var (status, body) = await engine.Post("/v1/chat/completions", question);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(param, body.GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void Calls_are_told_from_text_wherever_the_pieces_break(int size)
    {
        const string Answer = "Let me look.\n<tool_call>\n{\"name\": \"time\", \"arguments\": {\"zone\": \"utc\"}}\n</tool_call>\n<tool_call>{\"name\":\"weather\",\"arguments\":{}}</tool_call>";

        var (text, calls) = Read(new ToolCallReader(Hermes, Free), Answer, size);

        Assert.Equal("Let me look.\n", text);
        Assert.Equal([new ToolCall("time", "{\"zone\":\"utc\"}"), new ToolCall("weather", "{}")], calls);
    }

    [Theory]
    [InlineData("5 < 6 and <tool> is no call")]
    [InlineData("<tool_call>{\"name\":\"unknown\",\"arguments\":{}}</tool_call> after")]
    [InlineData("<tool_call>{broken</tool_call>")]
    [InlineData("<tool_call>{\"name\":\"time\"")]
    public void What_is_no_call_stays_text(string answer)
    {
        var (text, calls) = Read(new ToolCallReader(Hermes, Free), answer, size: 2);

        Assert.Equal(answer, text);
        Assert.Empty(calls);
    }

    [Fact]
    public void Mistrals_and_llamas_ways_are_known()
    {
        var mistral = new ToolCallReader(ToolDialect.Of("{{ tools }}[TOOL_CALLS]"), Free);
        var llama = new ToolCallReader(ToolDialect.Of("{{ tools }}<|python_tag|>"), Free);

        Assert.Equal(2, Read(mistral, "[TOOL_CALLS][{\"name\":\"time\",\"arguments\":{}},{\"name\":\"time\",\"arguments\":{}}]", 4).Calls.Count);
        Assert.Equal([new ToolCall("time", "{\"zone\":\"utc\"}")], Read(llama, "{\"name\":\"time\",\"parameters\":{\"zone\":\"utc\"}}", 4).Calls);
    }

    [Fact]
    public unsafe void Once_a_call_has_begun_it_has_to_be_one()
    {
        using var model = LoadedModel.Load(EngineProcess.DemoModel);
        using var candidates = new CandidateList(model.Vocabulary.Count);
        var sampling = new Sampling { Seed = 1, Grammar = Hermes.Grammar(Free.Tools, withOpening: false), Trigger = Hermes.Opening };
        using var picker = new TokenPicker(sampling, model.Vocabulary, candidates, []);
        var logits = new float[model.Vocabulary.Count];
        var answer = new List<int>();
        picker.Notice("I call <tool_"u8);
        picker.Notice("call>\n"u8);
        fixed (float* first = logits)
        {
            while (answer.Count < 400 && (answer.Count == 0 || !model.Vocabulary.EndsGeneration(answer[^1])))
            {
                answer.Add(picker.Pick(first));
            }
        }

        var text = model.Vocabulary.Text(answer);
        Assert.EndsWith(Hermes.Closing, text, StringComparison.Ordinal);
        Assert.Single(Read(new ToolCallReader(Hermes, Free), Hermes.Opening + text, 10).Calls);
    }

    private static (string Text, List<ToolCall> Calls) Read(ToolCallReader reader, string answer, int size)
    {
        var parts = answer.Chunk(size).Select(piece => reader.Add(new string(piece))).ToList();
        parts.Add(reader.Finish());
        return (string.Concat(parts.Select(part => part.Text)), parts.SelectMany(part => part.Calls).ToList());
    }

    private static void CheckArguments(JsonElement function)
    {
        var arguments = Parse(function.GetProperty("arguments").GetString()!);
        if (function.GetProperty("name").GetString() is "time")
        {
            Assert.Contains(arguments.GetProperty("zone").GetString(), new[] { "utc", "local" });
            return;
        }

        Assert.InRange(arguments.GetProperty("city").GetString()!.Length, 0, 10);
        Assert.InRange(arguments.GetProperty("days").GetInt32(), 1, 9);
    }

    private static object Ask(object more) => ChatCompletionsTests.Ask(
        "What is the weather?", JsonSerializer.SerializeToElement(more).EnumerateObject().ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal)
            .Append(new KeyValuePair<string, JsonElement>("temperature", JsonSerializer.SerializeToElement(1.5))).ToDictionary(StringComparer.Ordinal));

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
