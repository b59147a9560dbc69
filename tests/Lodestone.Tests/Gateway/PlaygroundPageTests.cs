using System.Net;
using Lodestone.Identity;

namespace Lodestone.Tests.Gateway;

public sealed class PlaygroundPageTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Nobody_sees_the_models_their_prices_and_the_code_and_is_asked_to_sign_in()
    {
        await using var world = await GatewayWorld.StartAsync();
        using var browser = new PageClient(world.World.Server);

        var page = await browser.OpenAsync("/playground/acme/compass");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(GatewayWorld.Model, page.Text("select[name=model] option[selected]"));
        Assert.Equal("$10.00 in, $20.00 out per million tokens", page.Text("[data-fact=price]"));
        Assert.Contains($"curl {world.World.Server.Url}v1/chat/completions", page.Text(".code-tabs"), StringComparison.Ordinal);
        Assert.Equal("/login?returnUrl=%2Fplayground%2Facme%2Fcompass", page.Document.QuerySelector(".alert a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task Without_script_the_form_brings_the_whole_answer_and_it_is_charged()
    {
        await using var world = await GatewayWorld.StartAsync();
        using var browser = await SignInAsync(world);

        var page = await browser.SendAsync(await browser.OpenAsync("/playground"), "ask", ("message", "What is a compass?"), ("temperature", "0"), ("max_tokens", "12"));

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal("What is a compass?", page.Text(".turn--user .turn__text"));
        Assert.NotEmpty(page.Text(".turn:not(.turn--user) .turn__text"));
        var call = Assert.Single(await world.SettledAsync());
        Assert.Equal($"{call.OutputTokens} tokens", page.Text("[data-fact=answer]"));
    }

    [Theory]
    [InlineData("temperature", "hot", "'temperature' must be a number from 0 to 2.")]
    [InlineData("max_tokens", "-5", "'max_tokens' must be a whole number of at least 1.")]
    public async Task A_mistake_in_the_form_is_explained_on_the_page(string field, string value, string message)
    {
        await using var world = await GatewayWorld.StartAsync();
        using var browser = await SignInAsync(world);

        var page = await browser.SendAsync(await browser.OpenAsync("/playground"), "ask", ("message", "Hi"), (field, value));

        Assert.Contains(message, page.Text(".alert--bad"), StringComparison.Ordinal);
        Assert.Empty(await world.SettledAsync());
    }

    [Fact]
    public async Task Who_cannot_pay_is_shown_where_to_top_up()
    {
        await using var world = await GatewayWorld.StartAsync(freePerDay: "0");
        using var browser = await SignInAsync(world);

        var page = await browser.SendAsync(await browser.OpenAsync("/playground"), "ask", ("message", "Hi"));

        Assert.EndsWith("/billing", page.Document.QuerySelector(".alert--bad a")!.GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_private_model_of_others_is_neither_offered_nor_found()
    {
        await using var world = await GatewayWorld.StartAsync();
        await world.PublishAsync("alice/secret", await File.ReadAllBytesAsync(DemoModel.Chat), isPrivate: true);
        using var browser = await SignInAsync(world);

        var page = await browser.OpenAsync("/playground");
        var direct = await browser.OpenAsync("/playground/alice/secret");

        Assert.DoesNotContain("alice/secret", page.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, direct.Status);
    }

    /// <summary>Dora, whom no organisation knows.</summary>
    private static async Task<PageClient> SignInAsync(GatewayWorld world)
    {
        await world.World.UseAsync<Accounts, Guid>(accounts => accounts.CreateUserAsync(
            new NewUser { Name = "dora", FullName = "Dora", Email = "dora@example.org", Password = Password }, CancellationToken.None));
        var browser = new PageClient(world.World.Server);
        await browser.SendAsync(await browser.OpenAsync("/login"), "login", ("account", "dora"), ("password", Password));
        return browser;
    }
}
