using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Chunked files written out whole, for engines.</summary>
public sealed class FileCopiesTests : IAsyncLifetime
{
    private static readonly MixedFile Mixed = MixedFile.Make();

    private World _world = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(services => services.AddSingleton(new BillingOptions { FreePerDay = "1" }));
        await _world.As(_world.Alice).CreateRepoAsync("alice/compass");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_model_that_came_by_xet_answers()
    {
        var (alice, weights) = (_world.As(_world.Alice), await File.ReadAllBytesAsync(DemoModel.Chat));
        await (await _world.XetAsync(_world.Alice, "alice/compass")).SendAsync(weights);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("compass-Q8_0.gguf", weights)]);
        await _world.PriceAsync("alice/compass", "10", "20");

        using var answer = await GatewayWorld.CallAsync(alice, GatewayWorld.Body(new JsonObject { ["model"] = "alice/compass" }));

        Assert.NotEqual("", (await answer.OkAsync())["choices"]![0]!["message"]!["content"]!.GetValue<string>());
        Assert.Equal([LfsCalls.Digest(weights)], Copies().Select(c => LfsCalls.Digest(File.ReadAllBytes(c))));
        Assert.Empty(_world.Server.Services.GetRequiredService<IBlobStore>().List());
    }

    [Fact]
    public async Task Many_who_ask_at_once_wait_for_one_copy()
    {
        await Mixed.PutAsync(_world, "alice/compass", "model.safetensors");

        var paths = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PathAsync()));

        Assert.Equal(Copies(), paths.Distinct(StringComparer.Ordinal));
        Assert.Equal(Mixed.Digest, LfsCalls.Digest(await File.ReadAllBytesAsync(paths[0])));
    }

    [Fact]
    public async Task A_copy_goes_a_week_after_it_was_asked_for_last()
    {
        await Mixed.PutAsync(_world, "alice/compass", "model.safetensors");
        await PathAsync();
        _world.Server.Clock.Advance(TimeSpan.FromDays(6));
        await PathAsync();
        _world.Server.Clock.Advance(TimeSpan.FromDays(6));
        await SweepAsync(isHeld: true);
        var kept = Copies().Count();

        _world.Server.Clock.Advance(TimeSpan.FromDays(2));

        Assert.Equal(1, kept);
        await Eventually.TrueAsync(() => Task.FromResult(!Copies().Any())); // by itself
        Assert.Equal(Mixed.Digest, LfsCalls.Digest(await File.ReadAllBytesAsync(await PathAsync())));
    }

    [Fact]
    public async Task A_copy_of_what_nobody_holds_goes_once_nobody_can_be_about_to_open_it()
    {
        await Mixed.PutAsync(_world, "alice/compass", "model.safetensors");
        await PathAsync();

        await SweepAsync(isHeld: false);
        var early = Copies().Count();
        _world.Server.Clock.Advance(TimeSpan.FromHours(2));
        await SweepAsync(isHeld: false);

        Assert.Equal((1, 0), (early, Copies().Count()));
    }

    [Fact]
    public async Task Damaged_chunks_make_no_copy()
    {
        await Mixed.PutAsync(_world, "alice/compass", "model.safetensors");
        var xorb = Directory.GetFiles(Path.Combine(_world.Server.DataDirectory, "xorbs"), Mixed.Plain.Hash.ToString(), SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(xorb);
        bytes[20] ^= 1;
        await File.WriteAllBytesAsync(xorb, bytes);

        await Assert.ThrowsAsync<InvalidDataException>(PathAsync);

        Assert.Empty(Copies());
        Assert.Empty(Directory.GetFiles(Path.Combine(_world.Server.DataDirectory, "copies", "incoming")));
    }

    [Fact]
    public async Task What_is_nowhere_is_not_found()
    {
        var files = _world.Server.Services.GetRequiredService<LargeFiles>();
        var nothing = Sha256Digest.Parse(new string('0', 64));

        await Assert.ThrowsAsync<FileNotFoundException>(() => files.OpenAsync(nothing, CancellationToken.None));
        await Assert.ThrowsAsync<FileNotFoundException>(() => files.LocalPathAsync(nothing, CancellationToken.None));
        using var answer = await _world.AsNobody().GetAsync("/alice/compass/resolve/main/nothing.bin");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private Task<string> PathAsync() => _world.Server.Services.GetRequiredService<LargeFiles>().LocalPathAsync(Sha256Digest.Parse(Mixed.Digest), CancellationToken.None);

    private Task SweepAsync(bool isHeld) => _world.Server.Services.GetRequiredService<FileCopies>().SweepAsync(_ => Task.FromResult(isHeld));

    private IEnumerable<string> Copies() =>
        Directory.EnumerateFiles(Path.Combine(_world.Server.DataDirectory, "copies"), "*", SearchOption.AllDirectories).Where(p => Sha256Digest.TryParse(Path.GetFileName(p), out _));
}
