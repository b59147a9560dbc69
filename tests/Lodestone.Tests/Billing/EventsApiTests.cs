using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing;

/// <summary>A world whose events come from an administrator and from a service account of Acme's.</summary>
public sealed class EventsWorld : IAsyncLifetime
{
    internal Shop Shop { get; private set; } = null!; // set before any test runs

    internal HttpClient Meter { get; private set; } = null!; // as above

    public async ValueTask InitializeAsync()
    {
        Shop = await Shop.OpenAsync(freePerDay: "0");
        using var made = await Shop.Alice.PostAsJsonAsync("/api/v1/organizations/acme/service-accounts", new { name = "meter", role = "write" });
        var account = await made.Content.ReadFromJsonAsync<JsonElement>();
        using var token = await Shop.Alice.PostAsJsonAsync($"/api/v1/organizations/acme/service-accounts/{account.GetProperty("id").GetString()}/tokens", new { name = "meter", role = "write" });
        Meter = Shop.World.Server.With((await token.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value").GetString()!); // made just now
    }

    public async ValueTask DisposeAsync()
    {
        Meter.Dispose();
        await Shop.DisposeAsync();
    }
}

public sealed class EventsApiTests(EventsWorld world) : IClassFixture<EventsWorld>
{
    private HttpClient Carol => world.Shop.Carol;

    [Fact]
    public async Task An_event_counts_once_however_often_it_is_sent_and_other_content_conflicts()
    {
        var sent = Event("once", "acme", new { bytes = 10, extra = "kept" });

        var (first, second) = (await SendAsync(Carol, sent), await SendAsync(Carol, Event("once", "acme", new { extra = "kept", bytes = 10 })));
        var conflict = await Shop.RefusedAsync(Carol.PostAsJsonAsync("/api/v1/meter/events", Event("once", "acme", new { bytes = 11 })));

        Assert.Equal(("accepted", "duplicate"), (Result(first), Result(second)));
        Assert.Equal(first.GetProperty("key").GetString(), second.GetProperty("key").GetString());
        Assert.Equal((409, "event_conflict"), conflict);
        var kept = await Shop.GetAsync(world.Shop.Bob, $"/api/v1/meter/events/{first.GetProperty("key").GetString()}");
        Assert.Equal("""{"bytes":10,"extra":"kept"}""", kept.GetProperty("versions")[0].GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task The_same_event_sent_from_many_sides_at_once_is_accepted_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(Carol, Event("race", "acme", new { bytes = 1 }))));

        Assert.Equal(["accepted", .. Enumerable.Repeat("duplicate", 19)], answers.Select(Result).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_batch_is_answered_event_by_event_packed_or_not()
    {
        object[] events =
        [
            Event("b1", "acme", new { bytes = 1 }), Event("b1", "acme", new { bytes = 1 }), Event("b1", "acme", new { bytes = 2 }),
            Event("b2", "nobody", new { bytes = 1 }), Event("b3", "acme", new { bytes = -1 }), Event("b4", "acme", new { bytes = 1.5 }),
            Event("b5", "acme", new { bytes = 1 }, time: "2026-03-02T09:06:00Z"), Event("b6", "acme", new { bytes = 1 }, time: "2024-01-01T00:00:00Z"),
            Event("", "acme", new { bytes = 1 }), 7, Event("b7", "acme", new { bytes = 1 }, type: "unheard.of"), Event("b8", "acme", new { note = new string('x', 9000) }),
        ];

        var plain = await BatchAsync(new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(events)));
        var gzip = await BatchAsync(Packed(events, "gzip", s => new GZipStream(s, CompressionLevel.Fastest)));
        var zstd = await BatchAsync(Packed(events, "zstd", s => new ZstdSharp.CompressionStream(s)));

        Assert.Equal(
            ["accepted", "duplicate", "conflict event_conflict", "quarantined unknown_subject", "rejected quantity_negative", "rejected quantity_not_integer", "rejected in_future", "rejected too_old", "rejected malformed", "rejected malformed", "quarantined unknown_type", "rejected data_too_large"],
            plain);
        Assert.All([gzip, zstd], again => Assert.Equal([.. plain.Select(r => r.StartsWith("accepted", StringComparison.Ordinal) || r.StartsWith("quarantined", StringComparison.Ordinal) ? "duplicate" : r)], again));
    }

    [Fact]
    public async Task An_event_may_come_with_its_attributes_as_headers()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/meter/events") { Content = JsonContent.Create(new { bytes = 5 }) };
        foreach (var (name, value) in new[] { ("specversion", "1.0"), ("id", "as%20headers"), ("source", "/tests"), ("type", "egress"), ("subject", "acme"), ("time", "2026-03-02T08:00:00Z") })
        {
            request.Headers.Add($"ce-{name}", value);
        }

        using var answer = await Carol.SendAsync(request);
        var again = await SendAsync(Carol, Event("as headers", "acme", new { bytes = 5 }));

        Assert.Equal("accepted", Result(await answer.Content.ReadFromJsonAsync<JsonElement>()));
        Assert.Equal("duplicate", Result(again));
    }

    [Fact]
    public async Task What_is_no_batch_is_refused_whole()
    {
        using var text = new ByteArrayContent([0x5b, 0x22, 0xff, 0x22, 0x5d]);
        Assert.Equal((400, "malformed"), await Shop.RefusedAsync(Carol.PostAsync("/api/v1/meter/events:batch", text)));
        Assert.Equal((400, "malformed"), await Shop.RefusedAsync(Carol.PostAsJsonAsync("/api/v1/meter/events:batch", new { })));
        Assert.Equal((413, "request_too_large"), await Shop.RefusedAsync(Carol.PostAsJsonAsync("/api/v1/meter/events:batch", Enumerable.Repeat(1, 10_001))));
        Assert.Equal((413, "request_too_large"), await Shop.RefusedAsync(Carol.PostAsync("/api/v1/meter/events:batch", Packed([new string('x', 9_000_000)], "gzip", s => new GZipStream(s, CompressionLevel.Fastest)))));
        Assert.Equal((422, "quantity_negative"), await Shop.RefusedAsync(Carol.PostAsJsonAsync("/api/v1/meter/events", Event("n", "acme", new { bytes = -1 }))));
    }

    [Fact]
    public async Task Only_operators_and_service_accounts_send_events_and_the_latter_about_their_own()
    {
        Assert.Equal((401, "unauthenticated"), await Shop.RefusedAsync(world.Shop.World.AsNobody().PostAsJsonAsync("/api/v1/meter/events", Event("x", "acme", new { bytes = 1 }))));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Shop.Alice.PostAsJsonAsync("/api/v1/meter/events", Event("x", "acme", new { bytes = 1 }))));

        var (own, others) = (await SendAsync(world.Meter, Event("service", "acme", new { bytes = 1 })), await SendAsync(world.Meter, Event("strange", "alice", new { bytes = 1 })));

        Assert.Equal(("accepted", "quarantined"), (Result(own), Result(others))); // as if there were no alice
        Assert.Equal("accepted", Result(await SendAsync(Carol, Event("service", "acme", new { bytes = 1 })))); // identities are each sender's own
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Alice.GetAsync($"/api/v1/meter/events/{others.GetProperty("key").GetString()}0")));
    }

    [Fact]
    public async Task Events_are_listed_for_those_who_may_read_the_account()
    {
        await SendAsync(Carol, Event("listed", "acme", new { units = 3 }, type: "marketplace.unit"));

        var seen = (await Shop.GetAsync(world.Shop.Bob, "/api/v1/meter/events?subject=acme&type=marketplace.unit&from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z")).GetProperty("events");

        Assert.Equal("listed", Assert.Single(seen.EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(world.Shop.Bob.GetAsync("/api/v1/meter/events?subject=alice")));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(world.Shop.Alice.GetAsync("/api/v1/meter/events?state=quarantined")));
    }

    [Fact]
    public async Task The_most_that_was_stored_on_a_day_is_its_sample()
    {
        var acme = world.Shop.World.Acme.Id;
        foreach (var bytes in new[] { 4096L, 5000, 4096 })
        {
            await world.Shop.World.UseAsync<Metered, bool>(async metered =>
            {
                await metered.StoredAsync(new Dictionary<Guid, long> { [acme] = bytes }, CancellationToken.None);
                return true;
            });
        }

        var sampled = await Shop.GetAsync(world.Shop.Bob, "/api/v1/meters/storage.byte_days/query?account=acme&from=2026-03-01T00:00:00Z");

        Assert.Equal("5000", Assert.Single(sampled.GetProperty("rows").EnumerateArray()).GetProperty("value").GetString());
    }

    internal static object Event(string id, string subject, object data, string type = "egress", string time = "2026-03-02T08:00:00Z", string source = "/tests") =>
        new { specversion = "1.0", id, source, type, subject, time, data };

    internal static async Task<JsonElement> SendAsync(HttpClient client, object sent)
    {
        using var answer = await client.PostAsJsonAsync("/api/v1/meter/events", sent);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string Result(JsonElement answer) => answer.GetProperty("result").GetString()!; // an answer has one

    private async Task<List<string>> BatchAsync(HttpContent content)
    {
        using var answer = await Carol.PostAsync("/api/v1/meter/events:batch", content);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return [.. body.GetProperty("results").EnumerateArray().Select(r => $"{Result(r)} {r.GetProperty("code").GetString()}".Trim())];
    }

    private static ByteArrayContent Packed(object[] events, string encoding, Func<Stream, Stream> pack)
    {
        using var packed = new MemoryStream();
        using (var packing = pack(packed))
        {
            packing.Write(JsonSerializer.SerializeToUtf8Bytes(events));
        }

        return new ByteArrayContent(packed.ToArray()) { Headers = { ContentEncoding = { encoding }, ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json") } };
    }
}
