using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub;
using Lodestone.Tests.Engine;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Compute;

/// <summary>Alice's private model in safetensors, of which GGUF files are made.</summary>
public sealed class ModelConversionsTests : IAsyncLifetime
{
    private const string Repo = "alice/compass";
    private const string Convert = $"/api/models/{Repo}/convert";

    private static readonly string Demo = Path.GetDirectoryName(EngineProcess.DemoModel)!;

    private World _world = null!; // both set before any test runs
    private HttpClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _alice = _world.As(_world.Alice);
        await PublishAsync(Repo);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_quantised_file_is_made_in_the_background_and_committed_in_the_name_of_who_asked()
    {
        using var asked = await _alice.PostAsJsonAsync(Convert, new { type = "q8_0" });
        var accepted = await asked.OkAsync();
        var done = await EndAsync(asked.Headers.Location!.ToString());
        var info = await _alice.JsonAsync($"/api/models/{Repo}");
        var commit = (await _alice.JsonAsync($"/api/models/{Repo}/commits/main"))[0]!;
        var bytes = await _alice.GetByteArrayAsync($"/{Repo}/resolve/main/compass-Q8_0.gguf");
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        using var again = await _alice.PostAsJsonAsync(Convert, new { type = "Q4_K_M", source = "compass-Q8_0.gguf", path = "small/compass.gguf" });
        var twice = await EndAsync(again.Headers.Location!.ToString());
        var listed = (await _alice.JsonAsync(Convert)).AsArray();

        Assert.Equal((202, "Q8_0", "compass-Q8_0.gguf", Repo), ((int)asked.StatusCode, accepted["type"]!.ToString(), accepted["path"]!.ToString(), accepted["repository"]!.ToString()));
        Assert.Equal(("done", 1.0, info["sha"]!.ToString()), (done["state"]!.ToString(), done["progress"]!.GetValue<double>(), done["commitOid"]!.ToString()));
        Assert.Contains("compass-Q8_0.gguf", info["siblings"]!.AsArray().Select(s => s!["rfilename"]!.ToString()));
        Assert.Equal(("Convert the weights to GGUF, Q8_0", "alice"), (commit["title"]!.ToString(), commit["authors"]![0]!["user"]!.ToString()));
        Assert.Equal("GGUF", System.Text.Encoding.ASCII.GetString(bytes, 0, 4));
        Assert.Equal(("failed", true), (twice["state"]!.ToString(), twice["error"]!.ToString().Contains("is quantised already", StringComparison.Ordinal)));
        Assert.Equal(["failed", "done"], listed.Select(c => c!["state"]!.ToString()));
        await Eventually.TrueAsync(() => Task.FromResult(!Directory.EnumerateDirectories(Path.Combine(_world.Server.DataDirectory, "conversions")).Any()));
    }

    [Fact]
    public async Task It_goes_to_another_repository_that_is_as_closed_and_gets_a_card()
    {
        foreach (var (id, isPrivate) in new[] { ("alice/small", true), ("alice/public", false) })
        {
            await _alice.CreateRepoAsync(id, isPrivate);
        }

        using var open = await _alice.PostAsJsonAsync(Convert, new { repository = "alice/public" });
        using var missing = await _alice.PostAsJsonAsync(Convert, new { repository = "alice/none" });
        using var foreign = await _world.As(_world.Bob).PostAsJsonAsync(Convert, new { });
        using var asked = await _alice.PostAsJsonAsync(Convert, new { repository = "alice/small", path = "all.gguf" });
        var done = await EndAsync(asked.Headers.Location!.ToString());
        var card = await _alice.GetStringAsync("/alice/small/raw/main/README.md");

        Assert.Equal([403, 404, 404], new[] { open, missing, foreign }.Select(a => (int)a.StatusCode));
        Assert.Equal(("done", "alice/small"), (done["state"]!.ToString(), done["repository"]!.ToString()));
        Assert.Contains("base_model: alice/compass\nbase_model_relation: quantized", card, StringComparison.Ordinal);
        Assert.Equal(200, (int)(await _alice.GetAsync("/alice/small/resolve/main/all.gguf")).StatusCode);
    }

    [Fact]
    public async Task What_cannot_be_made_is_refused_at_once_or_fails_with_the_reason()
    {
        await _alice.CreateRepoAsync("alice/empty");
        await PublishAsync("alice/strange", config => config["num_hidden_layers"] = 9);
        var refusals = new List<string>();
        foreach (var (repo, body) in new (string, object)[]
        {
            ("alice/empty", new { }), (Repo, new { type = "Q9" }), (Repo, new { source = "none.gguf" }), (Repo, new { path = "../x.gguf" }), (Repo, new { path = "x.bin" }), (Repo, new { revision = "none" }), (Repo, new { repository = "x" }),
        })
        {
            using var refused = await _alice.PostAsJsonAsync($"/api/models/{repo}/convert", body);
            refusals.Add($"{(int)refused.StatusCode} {JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["code"]}");
        }

        using var strange = await _alice.PostAsJsonAsync("/api/models/alice/strange/convert", new { });
        var failed = await EndAsync(strange.Headers.Location!.ToString());

        Assert.Equal(["422 unprocessable", "422 unprocessable", "422 unprocessable", "422 unprocessable", "422 unprocessable", "404 revision_not_found", "422 unprocessable"], refusals);
        Assert.Equal(("failed", "The weights lack the tensor 'model.layers.6.input_layernorm.weight'."), (failed["state"]!.ToString(), failed["error"]!.ToString()));
    }

    [Fact]
    public async Task One_that_was_cut_off_goes_on_and_one_that_is_cancelled_or_no_longer_allowed_ends()
    {
        var (cut, cancelled, refused) = (await RowAsync("cut.gguf"), await RowAsync("cancelled.gguf"), await RowAsync("refused.gguf", _world.Bob.Id));
        using var same = await _alice.PostAsJsonAsync(Convert, new { path = "cut.gguf" });
        var work = await UseAsync(c => c.BeginAsync(cut, CancellationToken.None));
        File.Copy(EngineProcess.DemoModel, work!.Output);
        var again = await UseAsync(c => c.BeginAsync(cut, CancellationToken.None));
        var output = File.Exists(again!.Output);
        await FinishAsync(cut, again.Output);
        using var deleted = await _alice.DeleteAsync($"{Convert}/{PublicId.ToHub(cancelled)}");
        var over = await UseAsync(c => c.BeginAsync(cancelled, CancellationToken.None));
        var reported = await UseAsync(c => c.ReportAsync(cancelled, 0.5, CancellationToken.None));
        var third = await UseAsync(c => c.BeginAsync(refused, CancellationToken.None));
        File.Copy(EngineProcess.DemoModel, third!.Output);
        var refusal = await Assert.ThrowsAsync<Refusal>(() => FinishAsync(refused, third.Output));

        Assert.Equal((409, 204, true, false), ((int)same.StatusCode, (int)deleted.StatusCode, output, reported));
        Assert.Null(over);
        Assert.Equal("bob may not change alice/compass any more, or nobody may.", refusal.Message);
        Assert.Equal(["cancelled cancelled.gguf", "done cut.gguf"], (await _alice.JsonAsync(Convert)).AsArray().Select(c => $"{c!["state"]} {c["path"]}").Order(StringComparer.Ordinal).Take(2));
        Assert.Equal(200, (int)(await _alice.GetAsync($"/{Repo}/resolve/main/cut.gguf")).StatusCode);
    }

    private Task<T> UseAsync<T>(Func<ModelConversions, Task<T>> use) => _world.UseAsync<ModelConversions, T>(use);

    private Task<bool> FinishAsync(Guid conversionId, string file) => UseAsync(async conversions =>
    {
        await conversions.FinishAsync(conversionId, file, CancellationToken.None);
        return true;
    });

    /// <summary>One that was asked for and that no task is for, as after a crash.</summary>
    private async Task<Guid> RowAsync(string path, Guid? askedBy = null)
    {
        var commit = (await _alice.JsonAsync($"/api/models/{Repo}"))["sha"]!.ToString();
        return await _world.RowsAsync(async db =>
        {
            var repoId = await db.Repos.Where(r => r.PathLower == Repo).Select(r => r.Id).SingleAsync();
            var made = new ModelConversion
            {
                Id = PublicId.New(_world.Server.Clock), RepoId = repoId, TargetId = repoId, CommitId = commit, Path = path, AskedBy = askedBy ?? _world.Alice.Id, AskedAt = _world.Server.Clock.GetUtcNow(),
            };
            db.Conversions.Add(made);
            await db.SaveChangesAsync();
            return made.Id;
        });
    }

    private async Task<JsonNode> EndAsync(string place)
    {
        JsonNode? last = null;
        await Eventually.TrueAsync(async () => (last = await _alice.JsonAsync(place))["state"]!.ToString() is "done" or "failed");
        return last!; // it is true
    }

    private async Task PublishAsync(string id, Action<JsonObject>? change = null)
    {
        await _alice.CreateRepoAsync(id, isPrivate: true);
        var weights = await File.ReadAllBytesAsync(Path.Combine(Demo, "model.safetensors"));
        var oid = System.Convert.ToHexStringLower(SHA256.HashData(weights));
        using var asked = await _alice.PostBatchAsync(id, new { operation = "upload", objects = new[] { new { oid, size = weights.Length } } });
        if ((await asked.OkAsync())["objects"]![0]!["actions"]?["upload"]?["href"] is { } href)
        {
            using var sent = await _world.AsNobody().PutAsync(new Uri(href.ToString()), new ByteArrayContent(weights));
            sent.EnsureSuccessStatusCode();
        }

        var config = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Demo, "config.json")))!.AsObject();
        change?.Invoke(config);
        await _alice.CommitAsync(
            id,
            [
                HubCalls.FileLine("config.json", System.Text.Encoding.UTF8.GetBytes(config.ToJsonString())),
                HubCalls.FileLine("tokenizer.json", await File.ReadAllBytesAsync(Path.Combine(Demo, "tokenizer.json"))),
                HubCalls.FileLine("tokenizer_config.json", await File.ReadAllBytesAsync(Path.Combine(Demo, "tokenizer_config.json"))),
                HubCalls.Line("lfsFile", new { path = "model.safetensors", algo = "sha256", oid, size = weights.Length }),
            ]);
    }
}
