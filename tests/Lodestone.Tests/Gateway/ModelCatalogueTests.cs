using System.Net;
using System.Net.Http.Json;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Gateway;

public sealed class ModelCatalogueTests
{
    [Fact]
    public async Task The_models_one_may_use_are_listed_newest_first()
    {
        await using var world = await GatewayWorld.StartAsync();
        world.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await world.PublishAsync("alice/secret", await File.ReadAllBytesAsync(DemoModel.Chat), isPrivate: true);

        var own = await world.Client.JsonAsync("/v1/models");
        var others = await world.World.As(world.World.Bob).JsonAsync("/v1/models");

        Assert.Equal("list", own["object"]!.GetValue<string>());
        Assert.Equal(["alice/secret", "acme/compass"], own["data"]!.AsArray().Select(m => m!["id"]!.GetValue<string>()));
        Assert.Equal(["acme/compass"], others["data"]!.AsArray().Select(m => m!["id"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_gate_that_is_also_for_calls_hides_the_model_from_those_it_does_not_let_in()
    {
        await using var world = await GatewayWorld.StartAsync();
        var (alice, carol) = (world.World.As(world.World.Alice), world.World.As(world.World.Carol));

        using var files = await alice.PutAsJsonAsync("/api/v1/gates/models/acme/compass", new { mode = "manual" });
        var callable = await carol.JsonAsync("/v1/models");
        using var calls = await alice.PutAsJsonAsync("/api/v1/gates/models/acme/compass", new { mode = "manual", apiUseGated = true });
        var hidden = await carol.JsonAsync("/v1/models");
        using var refused = await carol.GetAsync("/v1/models/acme/compass");
        using var granted = await alice.PostAsJsonAsync("/api/models/acme/compass/user-access-request/grant", new { user = "carol" });
        using var found = await carol.GetAsync("/v1/models/acme/compass");

        Assert.Equal((1, 0), (callable["data"]!.AsArray().Count, hidden["data"]!.AsArray().Count));
        Assert.Equal([200, 200, 403, 200, 200], new[] { files, calls, refused, granted, found }.Select(a => (int)a.StatusCode));
        Assert.Equal("gated_repo", (await GatewayWorld.ErrorAsync(refused)).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("/v1/models/acme%2Fcompass")]
    [InlineData("/v1/models/acme/compass")]
    [InlineData("/v1/models/acme%2Fcompass:q8_0")]
    public async Task A_model_is_found_with_its_slash_escaped_or_not(string path)
    {
        await using var world = await GatewayWorld.StartAsync();

        var model = await world.Client.JsonAsync(path);

        Assert.Equal("acme/compass", model["id"]!.GetValue<string>());
        Assert.Equal("model", model["object"]!.GetValue<string>());
        Assert.Equal("acme", model["owned_by"]!.GetValue<string>());
        Assert.True(model["capabilities"]!["completion_chat"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_told_so_in_the_shape_of_the_API()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.Client.GetAsync("/v1/models/acme%2Fnothing");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("model_not_found", (await GatewayWorld.ErrorAsync(answer)).GetProperty("code").GetString());
    }
}
