using System.Net;
using System.Net.Http.Json;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Hub.Webhooks;
using Lodestone.Tests.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class NotificationsTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Asking_for_access_is_told_to_administrators_and_the_decision_to_whoever_asked_each_once()
    {
        var sink = new MailSink();
        await using var world = await CreateAsync(sink);
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("acme/compass");
        var repo = await world.UseAsync<HubDb, Guid>(db => db.Repos.Select(r => r.Id).SingleAsync());

        await HappenAsync(world, new AccessChanged(repo, world.Carol.Id, "pending", world.Carol.Id));
        await sink.CountAsync(1);
        await HappenAsync(world, new AccessChanged(repo, world.Carol.Id, "accepted", world.Alice.Id));
        await sink.CountAsync(2);
        var again = Guid.CreateVersion7();
        for (var i = 0; i < 2; i++)
        {
            await world.UseAsync<TellOfAccess, bool>(async tell =>
            {
                await tell.HandleAsync(again, new AccessChanged(repo, world.Carol.Id, "revoked", world.Alice.Id), CancellationToken.None);
                return true;
            });
        }

        await sink.CountAsync(3);
        Assert.Equal(
            [
                "alice@example.org: carol asks for access to acme/compass", "carol@example.org: Access to acme/compass is accepted", "carol@example.org: Access to acme/compass is revoked",
            ],
            sink.All.Select(m => $"{m.To}: {m.Subject}"));
        Assert.Contains($"{world.Server.Url}acme/compass/settings", sink.All[0].Text, StringComparison.Ordinal);

        using var ended = await world.AsNobody().PostAsync(new Uri(sink.All[1].UnsubscribeUrl!), new FormUrlEncodedContent([new("List-Unsubscribe", "One-Click")]));
        using var forged = await world.AsNobody().PostAsync("/api/v1/notifications/unsubscribe/forged", null);
        await HappenAsync(world, new AccessChanged(repo, world.Carol.Id, "accepted", world.Alice.Id));
        await HappenAsync(world, new AccessChanged(repo, world.Bob.Id, "accepted", world.Alice.Id));
        await sink.CountAsync(4);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (ended.StatusCode, forged.StatusCode));
        Assert.Equal("bob@example.org", sink.All[3].To);
        Assert.Equal(4, await world.UseAsync<HubDb, int>(db => db.Notifications.CountAsync(n => n.UserId == world.Carol.Id || n.UserId == world.Alice.Id)));
    }

    [Fact]
    public async Task The_owner_of_a_base_hears_of_new_models_made_from_it_in_one_digest_a_day_and_by_webhook()
    {
        var sink = new MailSink();
        await using var world = await CreateAsync(sink);
        using var receiver = Receiver.Start();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/base");
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var hook = new { url = receiver.Url, watched = new[] { new { type = "model", name = "alice/base" } }, domains = new[] { "derivative" } };
        (await alice.PostAsJsonAsync("/api/settings/webhooks", hook)).EnsureSuccessStatusCode();
        foreach (var (name, relation, isPrivate) in new[] { ("tuned", "finetune", false), ("merged", "merge", false), ("small", "quantized", false), ("hidden", "adapter", true) })
        {
            await carol.CreateRepoAsync($"carol/{name}", isPrivate);
            await carol.CommitAsync($"carol/{name}", ("README.md", $"---\nbase_model: alice/base\nbase_model_relation: {relation}\n---\n# {name}\n"));
            await carol.CommitAsync($"carol/{name}", ("more.txt", "more"));
        }

        await alice.CreateRepoAsync("alice/own");
        await alice.CommitAsync("alice/own", ("README.md", "---\nbase_model: alice/base\n---\n"));
        await receiver.CountAsync(4);
        Assert.Empty(sink.All);
        world.Server.Clock.Advance(TimeSpan.FromHours(16));
        await sink.CountAsync(1);

        Assert.Equal("alice@example.org: 3 new models were made from alice/base", $"{sink.All[0].To}: {sink.All[0].Subject}");
        Assert.All(receiver.All, r => Assert.Equal(("repo.derivative create", "alice/base"), (r.Scope, r.Body["repo"]!["name"]!.GetValue<string>())));
        Assert.Equal(
            ["carol/merged merge", "carol/small quantized", "carol/tuned finetune"],
            receiver.All.Select(r => $"{r.Body["derivative"]!["name"]} {r.Body["derivative"]!["relation"]}").Where(d => d.StartsWith("carol", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        await Eventually.TrueAsync(() => world.UseAsync<HubDb, bool>(db => db.Derivations.AllAsync(d => d.ToldAt != null)));
        Assert.Single(sink.All);
    }

    [Fact]
    public async Task Discussions_are_told_to_those_who_watch_or_take_part_and_mentions_to_those_who_are_named()
    {
        var sink = new MailSink();
        await using var world = await CreateAsync(sink);
        using var receiver = Receiver.Start();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var hook = new { url = receiver.Url, watched = new[] { new { type = "user", name = "alice" } }, domains = new[] { "discussion" } };
        (await alice.PostAsJsonAsync("/api/settings/webhooks", hook)).EnsureSuccessStatusCode();

        (await carol.PostAsJsonAsync("/api/models/alice/compass/discussions", new { title = "Weights do not load", description = "Ask @Bob., not mail@bob.example, `@acme`, `@carol` or @nobody." })).EnsureSuccessStatusCode();
        await sink.CountAsync(2);
        (await alice.PostAsJsonAsync("/api/models/alice/compass/discussions/1/comment", new { comment = "Look again." })).EnsureSuccessStatusCode();
        await sink.CountAsync(3);
        (await carol.PostAsJsonAsync("/api/models/alice/compass/discussions/1/status", new { status = "closed" })).EnsureSuccessStatusCode();
        await sink.CountAsync(4);
        (await alice.PostAsJsonAsync("/api/models/alice/secret/discussions", new { title = "For nobody else", description = "@carol cannot see this, `@bob` is code" })).EnsureSuccessStatusCode();
        (await alice.DeleteAsync("/api/models/alice/compass/discussions/1")).EnsureSuccessStatusCode();
        await receiver.CountAsync(5);

        Assert.Equal(
            [
                "alice@example.org: carol opened the discussion “Weights do not load” (#1) of alice/compass",
                "bob@example.org: carol mentioned you in “Weights do not load” (#1) of alice/compass",
            ],
            sink.All.Take(2).Select(m => $"{m.To}: {m.Subject}").Order(StringComparer.Ordinal));
        Assert.Equal(
            ["carol@example.org: alice commented on “Weights do not load” (#1) of alice/compass", "alice@example.org: carol closed “Weights do not load” (#1) of alice/compass"],
            sink.All.Skip(2).Select(m => $"{m.To}: {m.Subject}"));
        var told = receiver.About("alice/compass");
        Assert.Equal(["discussion create", "discussion.comment create", "discussion update", "discussion delete"], told.Select(t => t.Scope));
        Assert.Equal(["event", "repo", "webhook", "discussion", "comment"], told[0].Body.AsObject().Select(p => p.Key));
        Assert.Equal(["id", "title", "url", "status", "author", "num", "isPullRequest", "pinned"], told[0].Body["discussion"]!.AsObject().Select(p => p.Key));
        Assert.Equal($"{world.Server.Url}alice/compass/discussions/1", told[0].Body["discussion"]!["url"]!["web"]!.GetValue<string>());
        Assert.Null(told[0].Body["repo"]!["headSha"]);
        Assert.Equal(("Look again.", "closed"), (told[1].Body["comment"]!["content"]!.GetValue<string>(), told[2].Body["discussion"]!["status"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_bell_counts_what_is_unread_and_where_one_is_told_is_chosen()
    {
        var sink = new MailSink();
        await using var world = await CreateAsync(sink);
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        var (repo, dana) = (await world.UseAsync<HubDb, Guid>(db => db.Repos.Select(r => r.Id).SingleAsync()), await world.Server.JoinAsync("dana", Password));
        using var browser = await world.Server.SignedInAsync("dana", Password);

        var empty = await browser.OpenAsync("/notifications");
        await HappenAsync(world, new AccessChanged(repo, dana, "accepted", world.Alice.Id));
        await HappenAsync(world, new AccessChanged(repo, dana, "revoked", world.Alice.Id));
        await Eventually.TrueAsync(async () => (await browser.OpenAsync("/")).Document.QuerySelector(".bell__count")?.TextContent is "2");
        var page = await browser.OpenAsync("/notifications");
        await browser.SendAsync(page, "read", ("id", page.Document.QuerySelector("button[name=id]")!.GetAttribute("value")!));
        var unread = await browser.OpenAsync("/notifications?unread=true");
        await browser.SendAsync(unread, "read-all");
        var read = await browser.OpenAsync("/notifications?reason=access");
        var settings = await browser.OpenAsync("/settings/notifications");
        await browser.PostAsync("/settings/notifications", [.. Hidden(settings), new("mail", "access")]);
        await HappenAsync(world, new AccessChanged(repo, dana, "accepted", world.Alice.Id));
        (await world.As(world.Alice).PutAsJsonAsync("/api/models/alice/compass/settings", new { @private = true })).EnsureSuccessStatusCode();
        var hidden = await browser.OpenAsync("/notifications");

        Assert.Contains("Nothing yet", empty.Html, StringComparison.Ordinal);
        Assert.Equal(["Access to alice/compass is accepted", "Access to alice/compass is revoked"], page.Document.TextsOf(".notices a").Order(StringComparer.Ordinal));
        Assert.Single(unread.Document.QuerySelectorAll(".notices li"));
        Assert.Null(read.Document.QuerySelector(".bell__count"));
        Assert.Equal(2, read.Document.QuerySelectorAll(".notices li").Length);
        Assert.Contains("Your address dana@example.org is not confirmed, so no mail goes there", settings.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("alice/compass", hidden.Html, StringComparison.Ordinal);
        Assert.Empty(sink.All);
        Assert.Equal(HttpStatusCode.Redirect, (await new PageClient(world.Server).OpenAsync("/notifications")).Status);
    }

    [Fact]
    public async Task A_suspended_webhook_is_told_to_its_owner_and_without_a_mail_server_settings_say_so()
    {
        await using var world = await World.CreateAsync();
        var dana = await world.Server.JoinAsync("dana", Password);
        using var browser = await world.Server.SignedInAsync("dana", Password);

        await HappenAsync(world, new WebhookSuspended(PublicId.New(world.Server.Clock), dana, "https://example.org/hook"));
        await Eventually.TrueAsync(async () => (await browser.OpenAsync("/notifications")).Document.TextsOf(".notices a") is [_]);

        Assert.Equal(["Your webhook to example.org is suspended: nobody took its deliveries for three days"], (await browser.OpenAsync("/notifications")).Document.TextsOf(".notices a"));
        Assert.Contains("This server sends no mail", (await browser.OpenAsync("/settings/notifications")).Html, StringComparison.Ordinal);
        Assert.Equal([NotificationMail.None], await world.UseAsync<HubDb, List<NotificationMail>>(db => db.Notifications.Select(n => n.Mail).ToListAsync()));
    }

    [Fact]
    public void A_mail_is_plain_text_and_says_how_to_end_it()
    {
        var mail = new Mail(Guid.Parse("019cadc6-9a80-7b2c-a009-7faa00000000"), "dana@example.org", "Dana", "Łódź", "Text.\n", "https://hub.example.org/x");

        using var message = new SmtpMail(new MailOptions { Host = "localhost", From = "Hub <hub@example.org>" }).Message(mail);
        using var written = new MemoryStream();
        message.WriteTo(written);
        var text = System.Text.Encoding.ASCII.GetString(written.ToArray());

        Assert.Contains("List-Unsubscribe: <https://hub.example.org/x>", text, StringComparison.Ordinal);
        Assert.Contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click", text, StringComparison.Ordinal);
        Assert.Contains("Message-Id: <019cadc69a807b2ca0097faa00000000@example.org>", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/plain", text, StringComparison.Ordinal);
    }

    private static Task<World> CreateAsync(MailSink sink) => World.CreateAsync(services => services.AddSingleton<IMail>(sink).AddSingleton(new OutgoingOptions { AllowedRanges = ["127.0.0.0/8"] }));

    private static Task<int> HappenAsync<T>(World world, T happened)
        where T : notnull => world.UseAsync<HubDb, int>(db =>
    {
        db.Publish(happened);
        return db.SaveChangesAsync();
    });

    private static IEnumerable<KeyValuePair<string, string>> Hidden(Page page) =>
        page.Document.QuerySelectorAll("main form input[type=hidden]").Select(i => KeyValuePair.Create(i.GetAttribute("name")!, i.GetAttribute("value")!));
}
