using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway;

public sealed class PromptBoundsTests
{
    [Fact]
    public async Task A_prompt_above_its_bound_is_counted_answered_and_charged_once()
    {
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.AddSingleton(new PromptBounds(overhead: -10_000)));

        using var answer = await world.CallAsync(GatewayWorld.Body());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var call = Assert.Single(await world.SettledAsync());
        Assert.True(call.InputTokens > 1, "the prompt has more tokens than its bound of one");
        Assert.Equal(0, await world.HoldsAsync());
    }

    [Fact]
    public async Task A_call_that_fits_into_the_allowance_is_made_even_if_its_bound_does_not()
    {
        await using var world = await GatewayWorld.StartAsync(freePerDay: "0.0006"); // 60 prompt tokens: fewer than the bound, more than there are

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["max_tokens"] = 5 }));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.InRange((await world.SettledAsync(answer)).InputTokens, 1, 50);
    }

    [Fact]
    public void What_a_template_adds_is_learnt_from_prompts_that_were_counted()
    {
        var bounds = new PromptBounds(overhead: 64);

        bounds.Learn("acme/wordy", bytes: 100, tokens: 400);
        bounds.Learn("acme/wordy", bytes: 100, tokens: 90);

        Assert.Equal(350, bounds.Find("acme/wordy", bytes: 50));
        Assert.Equal(114, bounds.Find("acme/terse", bytes: 50));
        Assert.Null(bounds.Find("acme/terse", bytes: 5000));
    }
}
