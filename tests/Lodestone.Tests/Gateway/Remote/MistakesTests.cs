using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>Every mistake of <c>mistakes.txt</c>: a route with a good body, and what is put into it.</summary>
public sealed class MistakesTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    [Fact]
    public async Task Every_mistake_is_named_in_its_dialects_shape_and_nothing_is_asked_or_charged()
    {
        await world.SellAsync("good");
        var mistakes = Mistakes().ToList();

        var wrong = new List<string>();
        foreach (var mistake in mistakes)
        {
            using var answer = await world.Alice.PostAsync(mistake.Path, new StringContent(mistake.Body, Encoding.UTF8, "application/json"));
            if (await WrongAsync(answer, mistake) is { } found)
            {
                wrong.Add($"{mistake.Path} {mistake.More}: {found}");
            }
        }

        Assert.Equal([], wrong);
        Assert.True(mistakes.Count >= 200, $"{mistakes.Count} mistakes");
        Assert.Empty(world.Backend.All);
        Assert.Empty(await world.Gateway.SettledAsync());
        Assert.Equal(0, await world.Gateway.HoldsAsync());
    }

    [Fact]
    public async Task What_is_no_JSON_is_too_deep_or_too_long_is_refused_everywhere()
    {
        await world.SellAsync("good");
        var asked = world.Backend.All.Count;
        var deep = $$"""{"model":"acme/good","messages":[{"role":"user","content":"a"}],"x":{{new string('[', 100)}}{{new string(']', 100)}}}""";
        var many = $$"""{"model":"acme/good","messages":[{{string.Join(',', Enumerable.Repeat("""{"role":"user","content":"a"}""", 10_001))}}]}""";
        var names = """{"model":"acme/good","messages":[{"role":"user","content":"a","\ud83d":1}]}""";

        foreach (var path in new[] { "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages", "/api/chat", "/api/generate", "/models/acme/good" })
        {
            foreach (var body in new[] { "", "[]", "null", "{", "{\"model\":}", deep, "\u0000" })
            {
                using var answer = await world.Alice.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
                Assert.True((int)answer.StatusCode == 400, $"{path} {body[..Math.Min(body.Length, 20)]}: {answer.StatusCode}");
            }
        }

        foreach (var body in new[] { many, names })
        {
            using var answer = await world.Alice.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
            Assert.Equal(400, (int)answer.StatusCode);
        }

        Assert.Equal(asked, world.Backend.All.Count);
    }

    private static async Task<string?> WrongAsync(HttpResponseMessage answer, Mistake mistake)
    {
        var text = await answer.Content.ReadAsStringAsync();
        var status = mistake.Code is "model_not_found" ? 404 : 400;
        if ((int)answer.StatusCode != status)
        {
            return $"{(int)answer.StatusCode} {text}";
        }

        var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        if (mistake.Path.StartsWith("/v1/", StringComparison.Ordinal))
        {
            var type = mistake.Path is "/v1/messages" && status == 404 ? "not_found_error" : "invalid_request_error";
            var said = (error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").GetString());
            return said == (type, mistake.Code, mistake.Param) && error.GetProperty("message").GetString()!.Length > 10 ? null : text;
        }

        return error.ValueKind is JsonValueKind.String && (status == 404 || error.GetString()!.Contains(mistake.Param.Split('.')[^1], StringComparison.Ordinal)) ? null : text;
    }

    private static IEnumerable<Mistake> Mistakes()
    {
        var (path, good) = ("", "");
        foreach (var line in File.ReadLines(Path.Combine(Folder(), "mistakes.txt")))
        {
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                (path, good) = (line.Split(' ')[1], line[(line.IndexOf('{', StringComparison.Ordinal))..]);
                continue;
            }

            var parts = line.Split(" => ");
            var expected = parts[1].Split(' ');
            yield return new Mistake(path, parts[0], Put(good, parts[0]), expected[0], expected[1]);
        }
    }

    // As text, because no library writes what some of these mistakes are. The mistake's members replace those of the good body.
    private static string Put(string good, string more)
    {
        using var wrong = JsonDocument.Parse(more);
        using var right = JsonDocument.Parse(good);
        var names = wrong.RootElement.EnumerateObject().Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var kept = right.RootElement.EnumerateObject().Where(m => !names.Contains(m.Name)).Select(m => $"\"{m.Name}\":{m.Value.GetRawText()}");
        return $"{{{string.Join(',', kept.Append(more[1..^1]))}}}";
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private sealed record Mistake(string Path, string More, string Body, string Code, string Param);
}
