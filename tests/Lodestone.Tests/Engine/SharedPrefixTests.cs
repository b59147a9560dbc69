using System.Text.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class SharedPrefixTests(EngineProcess engine) : IClassFixture<EngineProcess>
{
    private static readonly string Story = string.Join(' ', Enumerable.Range(1, 60).Select(i => $"word{i}"));

    [Fact]
    public async Task A_beginning_that_was_read_before_is_not_read_again_and_changes_nothing()
    {
        var (_, first) = await engine.Post("/v1/chat/completions", Ask(Story + " What does improve mean?"));
        var (_, again) = await engine.Post("/v1/chat/completions", Ask(Story + " What does improve mean?"));
        var (_, other) = await engine.Post("/v1/chat/completions", Ask(Story + " What is a window?"));

        Assert.Equal(0, Cached(first));
        Assert.InRange(Cached(again), 64, Prompt(again) - 1);
        Assert.Equal(0, Cached(again) % 32);
        Assert.InRange(Cached(other), 64, Prompt(other) - 1);
        Assert.Equal(ChatCompletionsTests.Content(first), ChatCompletionsTests.Content(again));
    }

    [Fact]
    public async Task Requests_that_come_together_read_their_common_beginning_once()
    {
        var text = "Together. " + Story;

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => engine.Post("/v1/chat/completions", Ask($"{text} {i}"))));

        var read = answers.Sum(answer => Prompt(answer.Body) - Cached(answer.Body));
        Assert.True(read < 2 * Prompt(answers[0].Body) + (8 * 64), $"{read} tokens were read for prompts of {Prompt(answers[0].Body)}");
    }

    [Fact]
    public async Task Choices_of_one_request_read_the_prompt_once_and_it_is_charged_once()
    {
        var (_, body) = await engine.Post("/v1/chat/completions", Ask("Choices. " + Story, new { n = 4, temperature = 1, seed = 3, max_tokens = 5 }));

        Assert.Equal(0, Cached(body));
        Assert.Equal(4, body.GetProperty("choices").GetArrayLength());
    }

    [Fact]
    public async Task A_salt_keeps_a_beginning_to_those_who_have_it()
    {
        var text = "Salted. " + Story;
        await engine.Post("/v1/chat/completions", Ask(text, new { lodestone_cache_salt = "one" }));

        var (_, same) = await engine.Post("/v1/chat/completions", Ask(text, new { lodestone_cache_salt = "one" }));
        var (_, other) = await engine.Post("/v1/chat/completions", Ask(text, new { lodestone_cache_salt = "two" }));
        var (_, none) = await engine.Post("/v1/chat/completions", Ask(text));

        Assert.True(Cached(same) > 0);
        Assert.Equal((0, 0), (Cached(other), Cached(none)));
    }

    [Fact]
    public async Task More_than_memory_holds_is_written_all_the_same()
    {
        await using var small = new EngineProcess();
        await small.Start(EngineProcess.DemoModel, "--cells", "512", "--slots", "6");
        var questions = Enumerable.Range(0, 12).Select(i => Ask($"{i} {Story}", new { max_tokens = 120, temperature = 0, logit_bias = NeverEnds })).ToList();

        var crowded = await Task.WhenAll(questions.Select(question => small.Post("/v1/chat/completions", question)));

        Assert.All(crowded, answer => Assert.Equal(120, answer.Body.GetProperty("usage").GetProperty("completion_tokens").GetInt32()));
        Assert.All(crowded, answer => Assert.Equal("length", answer.Body.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.Equal(0, (await small.Health()).GetProperty("active").GetInt32());
    }

    [Fact]
    public async Task A_request_with_many_choices_does_not_hold_up_one_that_comes_later()
    {
        var many = engine.Post("/v1/chat/completions", Ask("Many", new { n = 64, max_tokens = 100, temperature = 1, logit_bias = NeverEnds }));
        await EngineProcess.Eventually(async () => (await engine.Health()).GetProperty("active").GetInt32() == 8);

        await engine.Post("/v1/chat/completions", Ask("Late", new { max_tokens = 2 }));

        Assert.False(many.IsCompleted);
        await many;
    }

    private static Dictionary<string, int> NeverEnds => new(StringComparer.Ordinal) { ["4093"] = -100, ["4095"] = -100 };

    private static object Ask(string question, object? more = null) => ChatCompletionsTests.Ask(question, more ?? new { max_tokens = 20 });

    private static int Prompt(JsonElement body) => body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();

    private static int Cached(JsonElement body) => body.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();
}
