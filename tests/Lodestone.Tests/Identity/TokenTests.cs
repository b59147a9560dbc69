using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Tests.Identity;

public sealed class TokenTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_token_works_until_it_is_revoked()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);

        using var made = await alice.PostAsJsonAsync("/api/v1/tokens", new { name = "laptop", role = "read" });
        var value = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("value").GetString()!; // a string, or the test fails
        using var laptop = world.Server.With(value);
        using var before = await laptop.GetAsync("/api/whoami-v2");
        var listed = (await alice.GetFromJsonAsync<JsonElement>("/api/v1/tokens")).GetProperty("tokens");
        var token = listed.EnumerateArray().Single(t => t.GetProperty("name").GetString() == "laptop");
        using var revoked = await alice.DeleteAsync($"/api/v1/tokens/{token.GetProperty("id").GetString()}");
        using var after = await laptop.GetAsync("/api/whoami-v2");

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Matches("^hf_[0-9A-Za-z]{34}$", value);
        Assert.Equal(value[^4..], token.GetProperty("last4").GetString());
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
        Assert.Equal("Invalid credentials in Authorization header", after.Headers.GetValues("X-Error-Message").Single());
    }

    [Fact]
    public async Task A_token_that_may_only_read_changes_nothing()
    {
        await using var world = await World.CreateAsync();
        var bob = world.As(world.Bob);

        HttpResponseMessage[] answers =
        [
            await bob.PostAsJsonAsync("/api/v1/tokens", new { name = "more", role = "write" }),
            await bob.PostAsJsonAsync("/api/v1/organizations", new { name = "bobs" }),
            await bob.DeleteAsync("/api/v1/tokens/" + PublicId.Format("tok", Guid.Empty)),
        ];

        foreach (var answer in answers)
        {
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Equal("token_scope", (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
            answer.Dispose();
        }
    }

    [Fact]
    public async Task A_token_cannot_make_another_that_may_do_more()
    {
        await using var world = await World.CreateAsync();
        var token = await world.UseAsync<Accounts, string>(a => a.IssueTokenAsync(world.Alice.Id, new NewToken("uploads", TokenScope.Write), CancellationToken.None));
        using var uploads = world.Server.With(token);

        using var more = await uploads.PostAsJsonAsync("/api/v1/tokens", new { name = "more", role = "write", inference = true });
        using var same = await uploads.PostAsJsonAsync("/api/v1/tokens", new { name = "same", role = "write", inference = false });

        Assert.Equal(HttpStatusCode.Forbidden, more.StatusCode);
        Assert.Equal(HttpStatusCode.Created, same.StatusCode);
    }

    [Fact]
    public async Task Nobody_sees_or_revokes_the_tokens_of_another()
    {
        await using var world = await World.CreateAsync();
        var bobs = await world.UseAsync<IdentityDb, Guid>(db => Task.FromResult(db.Tokens.Single(t => t.UserId == world.Bob.Id).Id));

        var listed = await world.As(world.Alice).GetStringAsync("/api/v1/tokens");
        using var revoked = await world.As(world.Alice).DeleteAsync("/api/v1/tokens/" + PublicId.Format("tok", bobs));
        using var nobody = await world.AsNobody().GetAsync("/api/v1/tokens");

        Assert.DoesNotContain(bobs.ToString("N"), listed, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, revoked.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.Contains("\"bob\"", await world.As(world.Bob).GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_shows_a_token_once_and_revokes_it()
    {
        await using var world = await World.CreateAsync();
        await world.Server.JoinAsync("dora", Password);
        using var browser = await world.Server.SignedInAsync("dora", Password);

        var made = await browser.SendAsync(await browser.OpenAsync("/settings/tokens"), "create", ("name", "laptop"), ("role", "write"));
        var value = made.Text("#new-token");
        using var laptop = world.Server.With(value);
        var whoAmI = await laptop.GetStringAsync("/api/whoami-v2");
        var later = await browser.OpenAsync("/settings/tokens");
        var id = later.Document.QuerySelector("button[name=id]")!.GetAttribute("value")!; // there is one token
        var revoked = await browser.SendAsync(later, "revoke", ("id", id));
        using var after = await laptop.GetAsync("/api/whoami-v2");

        Assert.Contains("\"displayName\":\"laptop\",\"role\":\"write\"", whoAmI, StringComparison.Ordinal);
        Assert.DoesNotContain(value, later.Html, StringComparison.Ordinal);
        Assert.Contains(value[^4..], later.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, revoked.Status);
        Assert.Equal(HttpStatusCode.Unauthorized, after.StatusCode);
    }

    [Fact]
    public async Task The_page_says_when_a_name_is_in_use()
    {
        await using var world = await World.CreateAsync();
        await world.Server.JoinAsync("dora", Password);
        using var browser = await world.Server.SignedInAsync("dora", Password);
        var page = await browser.OpenAsync("/settings/tokens");
        await browser.SendAsync(page, "create", ("name", "laptop"), ("role", "read"));

        var again = await browser.SendAsync(page, "create", ("name", "Laptop"), ("role", "read"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, again.Status);
        Assert.Contains("already a token named 'Laptop'", again.Text(".field__error"), StringComparison.Ordinal);
    }
}
