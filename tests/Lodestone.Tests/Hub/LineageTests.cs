using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class LineageTests : IAsyncLifetime
{
    private readonly Heard _heard = new();
    private World _world = null!; // set before any test runs

    private HttpClient Alice => _world.As(_world.Alice);

    private HttpClient Nobody => _world.AsNobody();

    public async ValueTask InitializeAsync() => _world = await World.CreateAsync(services => services.AddSingleton(_heard).AddEventHandler<DerivativeDeclared, Listening>());

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_base_shows_what_others_made_of_it_by_kind_with_counts_and_is_told_once()
    {
        await PublishAsync("alice/base", "license: llama3.1");
        foreach (var (id, relation, isPrivate) in new[] { ("acme/tuned", "finetune", false), ("acme/tuned-2", "finetune", false), ("acme/mixed", "merge", false), ("acme/small", "quantized", false), ("acme/low-rank", "adapter", false), ("acme/taught", "distilled", false), ("alice/hidden", "finetune", true) })
        {
            await PublishAsync(id, $"base_model: alice/base\nbase_model_relation: {relation}\nlicense: apache-2.0", isPrivate: isPrivate);
        }

        await PublishAsync("acme/tuned", "base_model: alice/base\nbase_model_relation: finetune\nlicense: mit"); // again: nobody is told twice
        await Eventually.TrueAsync(async () => (await Alice.PageAsync("/alice/base/lineage")).QuerySelectorAll("main tbody tr").Length == 7);

        var tree = await Nobody.PageAsync("/alice/base");
        Assert.Equal(["Fine-tunes 2", "Adapters 1", "Merges 1", "Quantizations 1", "Distillations 1"], tree.TextsOf(".tree__kin .tree__kind"));
        Assert.Equal("Fine-tunes 3", (await Alice.PageAsync("/alice/base")).TextsOf(".tree__kin .tree__kind")[0]);
        var fineTunes = await Nobody.PageAsync(tree.QuerySelector(".tree__kin a")!.GetAttribute("href")!);
        Assert.Equal(["acme/tuned", "acme/tuned-2"], fineTunes.TextsOf(".repo-card__link").Order(StringComparer.Ordinal));

        var stranger = await Nobody.PageAsync("/alice/base/lineage");
        Assert.Equal(6, stranger.QuerySelectorAll("main tbody tr").Length);
        Assert.DoesNotContain("hidden", stranger.Body!.TextContent, StringComparison.Ordinal);
        var baseId = await _world.RowsAsync(db => Task.FromResult(db.Repos.Single(r => r.PathLower == "alice/base").Id));
        await Eventually.TrueAsync(() => Task.FromResult(_heard.Events.Count(e => e.BaseId == baseId) == 6)); // told some moments after it is shown
        (await Alice.PutAsJsonAsync("/api/models/alice/hidden/settings", new { @private = false })).EnsureSuccessStatusCode();
        await Eventually.TrueAsync(() => Task.FromResult(_heard.Events.Count(e => e.BaseId == baseId) == 7));
        Assert.Equal(["adapter", "distilled", "finetune", "finetune", "finetune", "merge", "quantized"], _heard.Events.Where(e => e.BaseId == baseId).Select(e => e.Relation).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Owners_alone_are_told_what_licences_above_ask_for_and_theirs_does_not_say()
    {
        await PublishAsync("alice/llama", "license: llama3.1");
        await PublishAsync("alice/middle", "license: llama3.1\nbase_model: alice/llama");
        await PublishAsync("acme/loose", "license: apache-2.0\nbase_model: alice/middle\nbase_model_relation: finetune");
        await Eventually.TrueAsync(async () => (await Alice.PageAsync("/acme/loose/lineage")).QuerySelectorAll(".findings li").Length > 0);

        var owner = await Alice.PageAsync("/acme/loose/lineage");
        Assert.Contains("alice/middle is under llama3.1, which passes on: a name that says what it was built with (1.b.i: names of derived models begin with “Llama”, and “Built with Llama” is displayed). “apache-2.0” does not say so.", owner.TextsOf(".findings li"));
        Assert.DoesNotContain(owner.TextsOf(".findings li"), f => f.Contains("keep notices", StringComparison.Ordinal));
        Assert.Empty((await Nobody.PageAsync("/acme/loose/lineage")).QuerySelectorAll(".findings"));
        Assert.Empty((await _world.As(_world.Bob).PageAsync("/acme/loose/lineage")).QuerySelectorAll(".findings"));
        Assert.Empty((await Alice.PageAsync("/alice/middle/lineage")).QuerySelectorAll(".findings"));
    }

    [Fact]
    public async Task A_deleted_parent_stays_as_a_tombstone_and_a_circle_is_marked()
    {
        await PublishAsync("alice/gone", "license: mit");
        await PublishAsync("alice/child", "license: mit\nbase_model: alice/gone\ndatasets: [acme/words, else/where]");
        await PublishAsync("alice/egg", "base_model: alice/hen");
        await PublishAsync("alice/hen", "base_model: alice/egg"); // named before it was here
        await Eventually.TrueAsync(async () => (await Nobody.PageAsync("/alice/gone/lineage")).TextsOf("main tbody th") is ["alice/child"]);
        using var deleted = await Alice.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name = "gone", organization = "alice" }) });
        await Eventually.TrueAsync(async () => (await Nobody.PageAsync("/alice/child/lineage")).TextsOf("main tbody .badge").Contains("deleted"));

        var rows = (await Nobody.PageAsync("/alice/child/lineage")).TextsOf("main tbody tr").Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "alice/child fine-tuned from alice/gone deleted declared by its card mit",
                "alice/child trained on acme/words not on this server declared by its card –",
                "alice/child trained on else/where not on this server declared by its card –",
            ],
            rows);
        await Eventually.TrueAsync(async () => (await Nobody.PageAsync("/alice/egg/lineage")).QuerySelectorAll("main tbody .badge--warn").Length == 1);
        var henId = await _world.RowsAsync(db => Task.FromResult(db.Repos.Single(r => r.PathLower == "alice/hen").Id));
        await Eventually.TrueAsync(() => Task.FromResult(_heard.Events.Any(e => e.BaseId == henId)));
        Assert.Contains("in a circle", (await Nobody.PageAsync("/alice/hen/lineage")).TextOf("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Equal_tensors_make_the_younger_model_look_derived_and_only_to_those_who_may_see_both()
    {
        var (shared, own) = (LfsCalls.Bytes(30_000, 1), LfsCalls.Bytes(10_000, 2));
        await WeightsAsync("alice/original", shared, LfsCalls.Bytes(10_000, 3));
        _world.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await WeightsAsync("acme/copy", shared, own);
        await WeightsAsync("alice/secret", shared, LfsCalls.Bytes(10_000, 4), isPrivate: true);
        await WeightsAsync("acme/unlike", LfsCalls.Bytes(30_000, 5), new byte[10_000]);

        await Eventually.TrueAsync(async () => (await Alice.PageAsync("/alice/original/lineage")).QuerySelectorAll("main tbody tr").Length == 2
            && (await Nobody.PageAsync("/alice/original/lineage")).QuerySelectorAll("main tbody tr").Length == 1); // whichever of them was read first

        Assert.Equal(["acme/copy looks derived from alice/original 75 % of its bytes are in tensors that are the same –"], (await Nobody.PageAsync("/alice/original/lineage")).TextsOf("main tbody tr"));
        Assert.Equal("No lineage yet", (await Nobody.PageAsync("/acme/unlike/lineage")).TextOf(".empty h2"));
        using var hidden = await Nobody.GetAsync("/alice/secret/lineage");
        Assert.Equal(404, (int)hidden.StatusCode);
    }

    [Fact]
    public async Task Of_two_with_as_much_in_common_the_older_is_the_parent_even_if_it_was_read_last()
    {
        var shared = LfsCalls.Bytes(30_000, 6);
        await Alice.CreateRepoAsync("alice/first");
        _world.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await WeightsAsync("acme/second", shared, LfsCalls.Bytes(10_000, 7));
        _world.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await WeightsAsync("acme/third", shared, LfsCalls.Bytes(10_000, 8));
        await Eventually.TrueAsync(async () => (await Nobody.PageAsync("/acme/third/lineage")).TextOf("main").Contains("derived from acme/second", StringComparison.Ordinal));

        await WeightsAsync("alice/first", shared, LfsCalls.Bytes(10_000, 9), isNew: false);

        await Eventually.TrueAsync(async () => (await Nobody.PageAsync("/acme/third/lineage")).TextOf("main").Contains("acme/third looks derived from alice/first", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Weights_that_training_changed_a_little_look_derived_and_only_to_those_who_may_see_both()
    {
        await TrainedAsync("alice/base", seed: 1, noise: 0);
        _world.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await TrainedAsync("acme/tuned", seed: 1, noise: 0.05f);
        await TrainedAsync("acme/stranger", seed: 2, noise: 0);
        await TrainedAsync("alice/private", seed: 1, noise: 0.3f, isPrivate: true);

        await Eventually.TrueAsync(async () => (await Alice.PageAsync("/alice/base/lineage")).QuerySelectorAll("main tbody tr").Length == 2
            && (await Nobody.PageAsync("/alice/base/lineage")).QuerySelectorAll("main tbody tr").Length == 1);

        var row = (await Nobody.PageAsync("/alice/base/lineage")).TextsOf("main tbody tr").Single();
        Assert.Matches("^acme/tuned looks derived from alice/base its weights are 9[4-9](\\.\\d)? % like those of it, by a sample –$", row);
        Assert.Equal("No lineage yet", (await Nobody.PageAsync("/acme/stranger/lineage")).TextOf(".empty h2"));
        Assert.Contains((await Alice.PageAsync("/alice/private/lineage")).TextsOf("main tbody tr"), l => l.StartsWith("alice/private looks derived from a", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_shipped_licence_says_where_each_obligation_is_written()
    {
        var licences = LicenceFacts.Shipped();

        foreach (var id in new[] { "apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "openrail", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "gemma", "qwen", "deepseek", "mrl" })
        {
            Assert.All(licences.Find(id)!.PassesOn, passed => Assert.NotEmpty(passed.Value));
        }

        Assert.Null(licences.Find("somebody's own"));
    }

    /// <summary>A model of eight layers whose weights are those of a seed, with noise.</summary>
    private async Task TrainedAsync(string id, int seed, float noise, bool isPrivate = false)
    {
        var tensors = Enumerable.Range(0, 8).Select(i => SketchedWeights.Bytes(SketchedWeights.With(SketchedWeights.Of(64 * 64, (seed * 100) + i), noise, seed: (int)(noise * 1000) + i))).ToList();
        var names = string.Join(',', tensors.Select((t, i) => $$$"""
            "layers.{{{i}}}.w":{"dtype":"F32","shape":[64,64],"data_offsets":[{{{i * t.Length}}},{{{(i + 1) * t.Length}}}]}
            """));
        var header = Encoding.ASCII.GetBytes("{" + names + "}");
        await Alice.CreateRepoAsync(id, isPrivate);
        await Alice.CommitAsync(id, [HubCalls.FileLine("model.safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header, .. tensors.SelectMany(t => t)])]);
    }

    private async Task WeightsAsync(string id, byte[] first, byte[] second, bool isPrivate = false, bool isNew = true)
    {
        var header = Encoding.ASCII.GetBytes($$$"""{"a":{"dtype":"U8","shape":[{{{first.Length}}}],"data_offsets":[0,{{{first.Length}}}]},"b":{"dtype":"U8","shape":[{{{second.Length}}}],"data_offsets":[{{{first.Length}}},{{{first.Length + second.Length}}}]}}""");
        if (isNew)
        {
            await Alice.CreateRepoAsync(id, isPrivate);
        }

        await Alice.CommitAsync(id, [HubCalls.FileLine("model.safetensors", [.. BitConverter.GetBytes((long)header.Length), .. header, .. first, .. second])]);
    }

    private async Task PublishAsync(string id, string metadata, bool isPrivate = false)
    {
        using var there = await Alice.GetAsync($"/api/models/{id}");
        if (!there.IsSuccessStatusCode)
        {
            await Alice.CreateRepoAsync(id, isPrivate);
        }

        await Alice.CommitAsync(id, ("README.md", $"---\n{metadata}\n---\n# Model\n"));
    }

    public sealed class Heard
    {
        public ConcurrentQueue<DerivativeDeclared> Events { get; } = new();
    }

    private sealed class Listening(Heard heard) : IEventHandler<DerivativeDeclared>
    {
        public Task HandleAsync(Guid eventId, DerivativeDeclared happened, CancellationToken cancel)
        {
            heard.Events.Enqueue(happened);
            return Task.CompletedTask;
        }
    }
}
