using System.Net;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Webhooks;

/// <summary>C12: a webhook on pushes, whose receiver is down for a while; and the same acts by somebody else.</summary>
public sealed class WebhookPagesTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_webhook_is_made_on_its_page_and_what_its_receiver_missed_is_in_the_log_with_a_button()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new OutgoingOptions { AllowedRanges = ["127.0.0.0/8"] }));
        using var receiver = Receiver.Start();
        receiver.Status = 503;
        await world.Server.JoinAsync("dana", Password);
        using var dana = await world.Server.SignedInAsync("dana", Password);
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "compass"));
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1)); // what happened before the webhook is not told to it

        var offered = (await dana.OpenAsync("/dana/compass/settings")).Document.QuerySelector("a[href^='/settings/webhooks?watch=']")!.GetAttribute("href")!;
        var wrong = await dana.SendAsync(await dana.OpenAsync(offered), "create", ("url", "http://10.0.0.1/x"));
        var made = await dana.SendAsync(await dana.OpenAsync(offered), "create", ("url", receiver.Url), ("secret", "between us"));
        var page = made.Location!.OriginalString[(made.Location.OriginalString.IndexOf("/settings/", StringComparison.Ordinal))..];
        using (var client = world.Server.With(await TokenAsync(world, "dana")))
        {
            await client.CommitAsync("dana/compass", ("a.txt", "a"));
        }

        await receiver.CountAsync(1);
        await Eventually.TrueAsync(async () => (await dana.OpenAsync(page)).Document.TextsOf(".webhook-log .badge") is ["503"]);
        var failed = await dana.OpenAsync(page);
        receiver.Status = 200;
        await dana.SendAsync(failed, "replay", ("delivery", failed.Document.QuerySelector("button[name=delivery]")!.GetAttribute("value")!));
        await receiver.CountAsync(2);
        await Eventually.TrueAsync(async () => (await dana.OpenAsync(page)).Document.TextsOf(".webhook-log .badge") is ["200"]);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.Status);
        Assert.Contains("does not call addresses in private networks", wrong.Text("#field-url-error"), StringComparison.Ordinal);
        Assert.Equal("model dana/compass", wrong.Document.TextOf("textarea[name=watched]"));
        Assert.Equal(receiver.Url, (await dana.OpenAsync("/settings/webhooks")).Text(".webhooks a"));
        Assert.Equal(receiver.Url, (await dana.OpenAsync("/dana/compass/settings")).Text(".webhooks a"));
        Assert.DoesNotContain("between us", failed.Html, StringComparison.Ordinal);
        Assert.Equal(receiver.All[0].Text, receiver.All[1].Text);

        await world.Server.JoinAsync("eve", Password);
        using var eve = await world.Server.SignedInAsync("eve", Password);
        Assert.Equal(HttpStatusCode.NotFound, (await eve.OpenAsync(page)).Status);
        Assert.Contains("No webhooks yet", (await eve.OpenAsync("/settings/webhooks")).Html, StringComparison.Ordinal);
        await dana.SendAsync(await dana.OpenAsync(page), "enable", ("enabled", "false"));
        Assert.Equal("Disabled", (await dana.OpenAsync(page)).Text(".page-header .badge"));
        await dana.SendAsync(await dana.OpenAsync(page), "delete");
        Assert.Equal(HttpStatusCode.NotFound, (await dana.OpenAsync(page)).Status);
    }

    private static async Task<string> TokenAsync(World world, string name)
    {
        var who = await world.UseAsync<Namespaces, Namespace?>(namespaces => namespaces.FindAsync(name, CancellationToken.None));
        return await world.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(who!.Id, new NewToken("tests", TokenScope.Write), CancellationToken.None)); // just joined
    }
}
