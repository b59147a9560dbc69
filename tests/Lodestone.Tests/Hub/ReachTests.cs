using System.Globalization;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Tests.Billing;
using Lodestone.Tests.Hub.Pages;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

public sealed class ReachTests
{
    private const string Base = "/api/models/alice/base/metrics";

    [Fact]
    public async Task The_owner_sees_in_sums_what_was_made_and_how_it_is_called_and_nobody_else_does()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/base");
        var empty = await alice.PageAsync("/alice/base/metrics");
        var id = await world.RowsAsync(db => db.Repos.Select(r => r.Id).SingleAsync());
        await DeriveAsync(carol, "carol/tuned", "finetune");
        await DeriveAsync(carol, "carol/hidden", "finetune", isPrivate: true);
        await DeriveAsync(alice, "alice/own", "adapter");
        await Eventually.TrueAsync(() => world.RowsAsync(async db => await db.Derivations.CountAsync() == 2));
        await CallAsync(world, id, world.Bob.Id, 100, 20);
        await CallAsync(world, id, world.Bob.Id, 50, 5);
        world.Server.Clock.Advance(TimeSpan.FromDays(1));
        await DeriveAsync(carol, "carol/small", "quantized");
        await Eventually.TrueAsync(() => world.RowsAsync(db => db.Derivations.AnyAsync(d => d.Relation == "quantized")));
        await CallAsync(world, id, world.Carol.Id, 7, 3);
        await CallAsync(world, id, world.Bob.Id, 1, 1);

        var made = await alice.JsonAsync($"{Base}/derivatives?days=7");
        var calls = await alice.JsonAsync($"{Base}/calls?days=7");
        var page = await alice.PageAsync("/alice/base/metrics?days=7");
        var other = await carol.PageAsync("/alice/base/metrics?days=7");
        using var refused = await carol.GetAsync($"{Base}/calls");

        Assert.Equal(["Nothing yet", "No calls in 30 days"], empty.TextsOf("section[aria-labelledby^=reach] .empty h2"));
        Assert.Equal("""{"key":"ever","byRelation":{"finetune":1,"quantized":1},"own":1}""", made["ever"]!.ToJsonString());
        Assert.Equal(["""{"quantized":1} 0""", """{"finetune":1} 1"""], made["rows"]!.AsArray().Take(2).Select(r => $"{r!["byRelation"]!.ToJsonString()} {r["own"]}"));
        Assert.Equal((7, 7), (made["rows"]!.AsArray().Count, calls["rows"]!.AsArray().Count));
        Assert.Equal(["2 8 4 2", "2 150 25 1"], calls["rows"]!.AsArray().Take(2).Select(r => $"{r!["calls"]} {r["inputTokens"]} {r["outputTokens"]} {r["accounts"]}"));
        Assert.Equal("""{"key":"total","calls":4,"inputTokens":158,"outputTokens":29,"accounts":2}""", calls["total"]!.ToJsonString());
        Assert.Equal("day,finetune,adapter,merge,quantized,distilled,own|2026-03-03,0,0,0,1,0,0", await HeadAsync(alice, $"{Base}/derivatives?days=7&format=csv"));
        Assert.Equal("day,calls,input_tokens,output_tokens,accounts|2026-03-03,2,8,4,2", await HeadAsync(alice, $"{Base}/calls?days=7&format=csv"));
        Assert.Equal(["Fine-tunes 1 1", "Adapters 0 0", "Merges 0 0", "Quantizations 1 1", "Distillations 0 0", "By alice, of every kind 1 1"], page.QuerySelectorAll("section[aria-labelledby=reach-derivatives] > .table-scroll tbody tr").Select(r => string.Join(' ', r.Children.Select(c => c.TextContent))));
        Assert.Empty(other.QuerySelectorAll("[aria-labelledby^=reach]"));
        Assert.Equal("403: Only alice sees this.", await refused.ErrorAsync());
    }

    private static async Task DeriveAsync(HttpClient client, string id, string relation, bool isPrivate = false)
    {
        await client.CreateRepoAsync(id, isPrivate);
        await client.CommitAsync(id, ("README.md", $"---\nbase_model: alice/base\nbase_model_relation: {relation}\n---\n"));
    }

    private static async Task CallAsync(World world, Guid productId, Guid accountId, long input, long output)
    {
        await world.UseAsync<Prices, bool>(async prices =>
        {
            await prices.PublishAsync(
                new NewModelPrice { ProductId = productId, InputPerMillion = BillingWorld.Usd("0.1"), OutputPerMillion = BillingWorld.Usd("0.1"), Reason = "list", IsConfirmed = true }, Caller.Server, CancellationToken.None);
            return true;
        });
        await world.UseAsync<Metering, Settlement>(async metering =>
        {
            var hold = await metering.ReserveAsync(
                new NewHold
                {
                    RequestId = string.Create(CultureInfo.InvariantCulture, $"req_{Guid.CreateVersion7():N}"),
                    AccountId = accountId,
                    CallerId = accountId,
                    ProductId = productId,
                    ProductName = "alice/base",
                    SellerId = world.Alice.Id,
                    Revision = new string('0', 40),
                    PromptTokens = input,
                    MaxOutputTokens = output,
                    ModelTimeout = TimeSpan.FromDays(100),
                },
                CancellationToken.None);
            return await metering.SettleAsync(hold.Id, new CallUsage(input, output), CallOutcome.Completed, Measurement.Engine, CancellationToken.None);
        });
    }

    private static async Task<string> HeadAsync(HttpClient client, string url) => string.Join('|', (await client.GetStringAsync(url)).Split("\r\n").Take(2));
}
