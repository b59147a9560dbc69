using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Lodestone.Tests.Identity;

public sealed class OrganizationTests
{
    [Fact]
    public async Task Everybody_may_know_who_is_in_an_organization()
    {
        await using var world = await World.CreateAsync();
        var nobody = world.AsNobody();

        using var first = await nobody.GetAsync("/api/organizations/Acme/members?limit=1");
        var rest = await nobody.GetStringAsync(NextOf(first));
        var alice = await nobody.GetFromJsonAsync<JsonElement>("/api/users/ALICE/overview");
        var acme = await nobody.GetFromJsonAsync<JsonElement>("/api/organizations/acme/overview");

        Assert.Contains("\"user\":\"alice\"", await first.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("\"user\":\"bob\",\"fullname\":\"Bob\"", rest, StringComparison.Ordinal);
        Assert.Contains("\"role\":\"read\"", rest, StringComparison.Ordinal);
        Assert.Equal(("alice", "Alice", "user"), (Text(alice, "user"), Text(alice, "fullname"), Text(alice, "type")));
        Assert.Equal("acme", Text(alice.GetProperty("orgs")[0], "name"));
        Assert.Equal("2026-03-02T09:00:00.000Z", Text(alice, "createdAt"));
        Assert.Equal(("acme", 2), (Text(acme, "name"), acme.GetProperty("numUsers").GetInt32()));
    }

    [Theory]
    [InlineData("/api/users/acme/overview")]
    [InlineData("/api/users/nobody/overview")]
    [InlineData("/api/organizations/alice/overview")]
    [InlineData("/api/organizations/alice/members")]
    public async Task What_is_not_there_is_not_found(string path)
    {
        await using var world = await World.CreateAsync();

        using var answer = await world.AsNobody().GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Admins_give_roles_and_the_last_admin_stays()
    {
        await using var world = await World.CreateAsync();
        var (alice, bob) = (world.As(world.Alice), world.As(world.Bob));

        using var bobTries = await bob.PutAsJsonAsync("/api/organizations/acme/members/bob/role", new { role = "admin" });
        using var aliceLeaves = await alice.PutAsJsonAsync("/api/organizations/acme/members/alice/role", new { role = "read" });
        using var nonsense = await alice.PutAsJsonAsync("/api/organizations/acme/members/bob/role", new { role = "king" });
        using var promoted = await alice.PutAsJsonAsync("/api/organizations/acme/members/bob/role", new { role = "admin" });
        using var left = await alice.PutAsJsonAsync("/api/organizations/acme/members/alice/role", new { role = "read" });

        Assert.Equal(HttpStatusCode.Forbidden, bobTries.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, aliceLeaves.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, nonsense.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, promoted.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
        Assert.Contains("\"roleInOrg\":\"admin\"", await bob.GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_last_admins_who_leave_at_once_one_stays()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        var carol = world.As(world.Carol);
        using var joined = await alice.PutAsJsonAsync("/api/organizations/acme/members/carol/role", new { role = "admin" });

        var answers = await Task.WhenAll(
            alice.PutAsJsonAsync("/api/organizations/acme/members/alice/role", new { role = "read" }),
            carol.PutAsJsonAsync("/api/organizations/acme/members/carol/role", new { role = "read" }));

        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.Conflict], answers.Select(a => a.StatusCode).Order());
    }

    [Fact]
    public async Task A_name_belongs_to_one_user_or_one_organization()
    {
        await using var world = await World.CreateAsync();

        using var users = await world.As(world.Alice).PostAsJsonAsync("/api/v1/organizations", new { name = "Bob" });
        using var reserved = await world.As(world.Alice).PostAsJsonAsync("/api/v1/organizations", new { name = "models" });
        using var free = await world.As(world.Alice).PostAsJsonAsync("/api/v1/organizations", new { name = "alice.labs", fullName = "Alice's Laboratory", privateByDefault = true });

        Assert.Equal(HttpStatusCode.Conflict, users.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, reserved.StatusCode);
        Assert.Equal("/alice.labs", free.Headers.Location?.ToString());
        Assert.Contains("\"name\":\"alice.labs\"", await world.As(world.Alice).GetStringAsync("/api/whoami-v2"), StringComparison.Ordinal);
    }

    private static string NextOf(HttpResponseMessage answer) => answer.Headers.GetValues("Link").Single().Split('<', '>')[1];

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
