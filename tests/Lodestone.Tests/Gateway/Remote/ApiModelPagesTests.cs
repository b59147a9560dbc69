using System.Net;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>The pages of what is sold by API.</summary>
public sealed class ApiModelPagesTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    private const string Password = "wander-by-compass-9";

    [Fact]
    public async Task Everybody_sees_what_can_be_called_and_at_which_price()
    {
        var model = await world.SellAsync("good");
        using var nobody = world.World.Server.Anonymous();

        var list = await nobody.GetStringAsync("/inference");
        var page = await nobody.GetStringAsync($"/inference/{model}");
        using var missing = await nobody.GetAsync("/inference/acme/nothing");

        Assert.Contains(model, list, StringComparison.Ordinal);
        Assert.Contains(GatewayWorld.Model, list, StringComparison.Ordinal);
        Assert.Contains("per million tokens", page, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Backend.Url.ToString(), page, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task The_seller_makes_and_changes_a_model_without_script_and_a_stored_key_stays()
    {
        await world.World.Server.JoinAsync("dana", Password);
        using var dana = await world.World.Server.SignedInAsync("dana", Password);

        var wrong = await dana.SendAsync(await dana.OpenAsync("/inference/new"), "sell", ("model", "dana/typed"), ("contextLength", "many"));
        var made = await dana.SendAsync(
            await dana.OpenAsync("/inference/new"), "sell", ("model", "dana/typed"), ("contextLength", "4096"), ("features", "chat, tools"),
            ("backendUrl", $"{world.Backend.Url}v1"), ("backendModel", "good"), ("backendKey", RemoteWorld.Key), ("backendWeight", "3"));
        var page = await dana.OpenAsync("/inference/dana/typed");
        var id = page.Document.QuerySelector("input[name=backendId]")!.GetAttribute("value")!;
        var changed = await dana.SendAsync(
            page, "change", ("backendId", id), ("backendUrl", $"{world.Backend.Url}v1"), ("backendModel", "better"), ("backendKey", ""), ("backendWeight", "5"));
        var after = await dana.OpenAsync("/inference/dana/typed");

        Assert.Contains("is not a whole number", wrong.Html, StringComparison.Ordinal);
        Assert.EndsWith("/inference/dana/typed", made.Location!.OriginalString, StringComparison.Ordinal);
        Assert.EndsWith("/inference/dana/typed", changed.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Contains("better", after.Text("table tbody"), StringComparison.Ordinal);
        Assert.Contains("One is stored", after.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(RemoteWorld.Key, after.Html, StringComparison.Ordinal);
        Assert.Contains("chat, tools", after.Html, StringComparison.Ordinal);
    }
}
