using System.Net;
using System.Net.Http.Json;
using Lodestone.Billing;
using Lodestone.Tests.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>What a plan allows is what there is: at the gateway's door and in the hub's rooms.</summary>
public sealed class EntitlementsTests
{
    private static readonly byte[] Large = LfsCalls.Bytes(60_000, seed: 1);
    private static readonly byte[] Other = LfsCalls.Bytes(50_000, seed: 3);

    [Fact]
    public async Task Plans_bound_private_storage_and_requests_and_who_has_too_much_after_a_downgrade_reads_and_deletes()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new BillingOptions { Edition = BillingEdition.Commercial }));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        Assert.Equal(["free", "team", "enterprise"], (await Shop.GetAsync(alice, "/api/v1/plans")).GetProperty("plans").EnumerateArray().Select(p => p.GetProperty("code").GetString()));
        foreach (var (code, bytes, requests) in ((string, long, long)[])[("free", 100_000, 1), ("team", 1_000_000, 3)])
        {
            (await carol.PatchAsJsonAsync($"/api/v1/plans/{code}", new { privateStorage = bytes, requestsPerMinute = requests, includedCredit = "0" })).EnsureSuccessStatusCode().Dispose();
        }

        await alice.CreateRepoAsync("alice/open");
        await alice.CreateRepoAsync("alice/closed", isPrivate: true);
        await alice.HoldAsync("alice/open", Large);
        await alice.HoldAsync("alice/closed", Large);
        Assert.Equal(403, await UploadAsync(alice, "alice/closed", Other));
        Assert.Equal(0, await UploadAsync(alice, "alice/open", Other)); // the limit is of what is private
        Assert.Equal(HttpStatusCode.Forbidden, await HideAsync(alice));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.TooManyRequests), (await AskAsync(alice), await AskAsync(alice)));

        await InvoiceWorld.PostAsync(alice, "/api/v1/payment-methods", new { provider = "test" });
        var team = await InvoiceWorld.PostAsync(alice, "/api/v1/customers/alice/subscriptions", new { plan = "team" });
        await alice.HoldAsync("alice/closed", Other);
        await alice.CommitAsync("alice/closed", [LfsCalls.FileLine("w.bin", Other)]);
        Assert.Equal(HttpStatusCode.NotFound, await AskAsync(alice));

        await InvoiceWorld.PostAsync(alice, $"/api/v1/customers/alice/subscriptions/{team.GetProperty("id").GetString()}:cancel", new { when = "now" });
        using var added = await alice.PostCommitAsync("/api/models/alice/closed/commit/main", HubCalls.Line("header", new { summary = "Add" }), HubCalls.FileLine("a.txt", [1]));
        Assert.Equal(HttpStatusCode.Forbidden, added.StatusCode);
        Assert.Contains("Storage is full: 110 kB of 100 kB.", await added.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(Other, await alice.GetByteArrayAsync("/alice/closed/resolve/main/w.bin"));
        await alice.CommitAsync("alice/closed", ("w.bin", null));

        (await carol.PutAsJsonAsync("/api/v1/storage/alice", new { limit = (long?)null })).EnsureSuccessStatusCode().Dispose(); // an operator's word goes before the plan's
        await alice.CommitAsync("alice/closed", ("a.txt", "fits"));
    }

    private static async Task<int> UploadAsync(HttpClient client, string repo, byte[] content)
    {
        using var answer = await client.PostBatchAsync(repo, new { operation = "upload", objects = new[] { new { oid = LfsCalls.Digest(content), size = content.Length } } });
        return (await answer.OkAsync())["objects"]![0]!["error"]?["code"]!.GetValue<int>() ?? 0;
    }

    private static async Task<HttpStatusCode> HideAsync(HttpClient client)
    {
        using var answer = await client.PutAsJsonAsync("/api/models/alice/open/settings", new { @private = true });
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client)
    {
        using var answer = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "nobody/nothing", messages = new[] { new { role = "user", content = "Hello" } } });
        return answer.StatusCode;
    }
}
