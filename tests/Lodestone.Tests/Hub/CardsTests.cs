using System.Buffers.Binary;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

public sealed class CardsTests
{
    [Theory]
    [InlineData("# no block", null)]
    [InlineData("\n\n---\nlicense: mit\n---\ntext", """{"license":"mit"}""")]
    [InlineData("---\r\nlanguage: [en, no]\r\ndate: 2026-01-02\r\n---\r\n", """{"language":["en","no"],"date":"2026-01-02"}""")]
    [InlineData("---\na: 1\nb: 1.5\nc: true\nd: ~\ne: '1'\nf: yes\ng: 0x10\n---\n", """{"a":1,"b":1.5,"c":true,"d":null,"e":"1","f":"yes","g":"0x10"}""")]
    [InlineData("---\na: &x [1]\nb: *x\n---\n", """{"a":[1],"b":[1]}""")]
    [InlineData("---\n---\ntext", null)]
    [InlineData("----\na: 1\n----\n", null)]
    public void A_readme_begins_with_its_metadata(string readme, string? json)
    {
        var card = FrontMatter.Read(readme);

        Assert.Null(card.Error);
        Assert.Equal(json, card.Data?.ToJsonString());
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("a: 1\na: 2")]
    [InlineData("- a list")]
    [InlineData("b: *nowhere")]
    [InlineData("a: !!python/object:os.system {}\n{")]
    public void Metadata_that_cannot_be_read_is_left_out_with_the_reason(string yaml)
    {
        var card = FrontMatter.Read($"---\n{yaml}\n---\nbody");

        Assert.Null(card.Data);
        Assert.NotNull(card.Error);
        Assert.Equal("body", card.Body);
    }

    [Fact]
    public void Metadata_that_explodes_or_nests_without_end_is_refused_quickly()
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 20; i++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }

        Assert.NotNull(FrontMatter.Read($"---\n{bomb}---\n").Error);
        Assert.NotNull(FrontMatter.Read($"---\na: {new string('[', 100_000)}\n---\n").Error);
        Assert.NotNull(FrontMatter.Read($"---\na: {new string('x', 600_000)}\n---\n").Error);
    }

    [Fact]
    public async Task Facts_come_from_card_configuration_and_headers()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        await alice.CommitAsync(
            "alice/compass",
            [
                HubCalls.FileLine("README.md", Encoding.UTF8.GetBytes("---\nlicense: apache-2.0\nlanguage: en\nbase_model: alice/base\ndatasets: [alice/words]\n---\nhttps://arxiv.org/abs/2401.00001")),
                HubCalls.FileLine("config.json", """{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":8}"""u8.ToArray()),
                HubCalls.FileLine("tokenizer_config.json", """{"bos_token":{"content":"<s>"},"chat_template":"{{ x }}"}"""u8.ToArray()),
                HubCalls.FileLine("model.safetensors", Safetensors("""{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[4],"data_offsets":[12,28]}}""")),
            ]);

        var info = await alice.JsonAsync("/api/models/alice/compass");
        Assert.Equal("text-generation", info["pipeline_tag"]!.GetValue<string>());
        Assert.Equal("transformers", info["library_name"]!.GetValue<string>());
        Assert.Equal(
            ["transformers", "safetensors", "llama", "text-generation", "en", "dataset:alice/words", "arxiv:2401.00001", "base_model:alice/base", "base_model:finetune:alice/base", "license:apache-2.0", "region:us"],
            info["tags"]!.AsArray().Select(t => t!.GetValue<string>()));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"parameters":{"BF16":6,"F32":4},"total":10}"""), info["safetensors"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"architectures":["LlamaForCausalLM"],"model_type":"llama","tokenizer_config":{"bos_token":"<s>","chat_template":"{{ x }}"}}"""), info["config"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"auto_model":"AutoModelForCausalLM","pipeline_tag":"text-generation","processor":"AutoTokenizer"}"""), info["transformersInfo"]));
        Assert.Equal(["_id", "id", "safetensors"], (await alice.JsonAsync("/api/models/alice/compass?expand[]=safetensors")).AsObject().Select(p => p.Key));
    }

    [Theory]
    [InlineData("README.md", "---\ntags: [\"a\\0b\"]\n---\n")]
    [InlineData("config.json", "{")]
    [InlineData("config.json", """{"model_type":{"x":1},"architectures":"no","a":1,"a":2}""")]
    [InlineData("config.json", """{"model_type":"\ud800","architectures":["\u0000"]}""")]
    [InlineData("model.safetensors", "short")]
    [InlineData("model.gguf", "GGUFnonsense that is long enough to be read as numbers, which are absurd")]
    public async Task Damaged_files_are_taken_and_leave_their_facts_out(string path, string content)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        var commit = await alice.CommitAsync("alice/compass", (path, content));

        var info = await alice.JsonAsync("/api/models/alice/compass");
        Assert.Equal(commit, info["sha"]!.GetValue<string>());
        Assert.Null(info["safetensors"]);
        Assert.Null(info["gguf"]);
    }

    [Fact]
    public void A_gguf_header_tells_size_context_and_tokens()
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(1ul);
        writer.Write(5ul);
        Pair("general.architecture", 8, () => Text("llama"));
        Pair("llama.context_length", 4, () => writer.Write(512u));
        Pair("tokenizer.ggml.tokens", 9, () =>
        {
            writer.Write(8u);
            writer.Write(2ul);
            Text("<s>");
            Text("</s>");
        });
        Pair("tokenizer.ggml.bos_token_id", 4, () => writer.Write(0u));
        Pair("tokenizer.ggml.eos_token_id", 4, () => writer.Write(1u));
        Text("weight");
        writer.Write(2u);
        writer.Write(3ul);
        writer.Write(4ul);
        writer.Write(0u);
        writer.Write(0ul);
        file.Position = 0;

        var facts = GgufHeader.Read(file);

        Assert.Equal(new GgufFacts(12, "llama", 512, null, "<s>", "</s>"), facts);

        void Pair(string key, uint type, Action value)
        {
            Text(key);
            writer.Write(type);
            value();
        }

        void Text(string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(Encoding.ASCII.GetBytes(text));
        }
    }

    [Theory]
    [InlineData("---\nlicense: mit\n---\n", 200, """{"errors":[],"warnings":[]}""")]
    [InlineData("---\nlicense: [mit, other]\nlicense_name: ours\n---\n", 200, """{"errors":[],"warnings":[]}""")]
    [InlineData("---\nlicense: asdf\n---\n", 400, "\\u0022license\\u0022 must be one of [afl-3.0, ")]
    [InlineData("---\nmodel-index: foo\n---\n", 400, "must be an array")]
    [InlineData("---\na: [\n---\n", 400, "not valid YAML at line")]
    [InlineData("no block", 200, "\"warnings\":[{\"message\"")]
    public async Task Validating_a_card_says(string content, int status, string fragment)
    {
        await using var world = await World.CreateAsync();

        using var answer = await world.AsNobody().PostAsJsonAsync("/api/validate-yaml", new { content, repoType = "model" });

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(fragment, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static byte[] Safetensors(string header)
    {
        var file = new byte[8 + header.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        Encoding.ASCII.GetBytes(header, file.AsSpan(8));
        return file;
    }

    [Fact]
    public async Task Validating_speaks_to_old_clients_in_their_way()
    {
        await using var world = await World.CreateAsync();
        using var form = new HttpRequestMessage(HttpMethod.Post, "/api/validate-yaml")
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("repoType", "model"), KeyValuePair.Create("content", "---\nlicense: asdf\nmodel-index: foo\n---\n")]),
        };
        form.Headers.Accept.ParseAdd("text/plain");

        using var answer = await world.AsNobody().SendAsync(form);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n');
        Assert.Equal("- Error: \"model-index\" must be an array (line 3). Begin each model with \"- name:\" on a line of its own.", lines[0]);
        Assert.StartsWith("- Error: \"license\" must be one of [", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("(line 2). Write \"license: other\" with \"license_name\" and \"license_link\".", lines[1], StringComparison.Ordinal);
    }
}
