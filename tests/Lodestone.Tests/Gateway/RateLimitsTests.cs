using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway;

public sealed class RateLimitsTests
{
    [Fact]
    public async Task A_key_gets_exactly_its_requests_of_a_minute_and_is_told_what_is_left()
    {
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.AddSingleton(new GatewayOptions { RequestsPerMinute = 5, TokensPerMinute = 100_000 }));
        var body = GatewayWorld.Body(new JsonObject { ["max_tokens"] = 2 });

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => world.CallAsync(body)));
        using var bob = await GatewayWorld.CallAsync(world.World.As(world.World.Bob), body);
        using var wrong = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["temperature"] = 9 }));
        world.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        using var later = await world.CallAsync(body);

        Assert.Equal(5, answers.Count(a => a.StatusCode is HttpStatusCode.OK));
        Assert.Equal(["0", "1", "2", "3", "4"], answers.Where(a => a.IsSuccessStatusCode).Select(a => a.Headers.GetValues("x-ratelimit-remaining-requests").Single()).Order(StringComparer.Ordinal));
        var refused = answers.First(a => a.StatusCode is HttpStatusCode.TooManyRequests);
        Assert.Equal("rate_limit_exceeded", (await GatewayWorld.ErrorAsync(refused)).GetProperty("code").GetString());
        Assert.Equal(("60", "60000", "0", "60s"), (Header(refused, "Retry-After"), Header(refused, "retry-after-ms"), Header(refused, "x-ratelimit-remaining-requests"), Header(refused, "x-ratelimit-reset-requests")));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.OK), (bob.StatusCode, wrong.StatusCode, later.StatusCode));
        Assert.Equal(7, (await world.SettledAsync()).Count);
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task A_key_that_has_used_its_tokens_waits_for_the_next_minute()
    {
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.AddSingleton(new GatewayOptions { TokensPerMinute = 10 }));

        using var first = await world.CallAsync(GatewayWorld.Body());
        using var second = await world.CallAsync(GatewayWorld.Body());

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (first.StatusCode, second.StatusCode));
        Assert.Equal("10", Header(first, "x-ratelimit-limit-tokens"));
        Assert.Single(await world.SettledAsync());
    }

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.GetValues(name).Single();
}
