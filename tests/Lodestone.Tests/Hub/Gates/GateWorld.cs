using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Tests.Hub;

/// <summary>
/// Alice's gated model, and one of everybody who may stand before it. Globex, whose administrator is Grace, has accepted; Mira
/// belongs to it, Nils did, and it has a service account.
/// </summary>
public sealed class GateWorld : IAsyncLifetime
{
    public const string Repo = "alice/gated";
    public const string Words = "Saffron and slate\n";

    private readonly Dictionary<string, string?> _tokens = new(StringComparer.Ordinal) { ["anonymous"] = null };

    public World World { get; private set; } = null!; // both set before any test runs

    internal MixedFile Weights { get; } = MixedFile.Make();

    public string? TokenOf(string who) => _tokens[who];

    public HttpClient As(string who) => TokenOf(who) is { } token ? World.Server.With(token) : World.Server.Anonymous();

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        _tokens["owner"] = World.Alice.Token;
        await alice.CreateRepoAsync(Repo);
        await alice.CommitAsync(Repo, ("a.txt", Words), ("README.md", "---\nlicense: other\n---\n\n# The card\n"));
        await Weights.PutAsync(World, Repo, "model.safetensors");
        await PutGateAsync(new { mode = "manual" });
        foreach (var name in new[] { "stranger", "asked", "accepted", "rejected", "revoked", "grace", "mira", "nils" })
        {
            _tokens[name] = await World.JoinAsync(name);
        }

        foreach (var name in new[] { "asked", "accepted", "rejected", "revoked" })
        {
            await AskAsync(name);
        }

        await DecideAsync("accepted", "accepted");
        await DecideAsync("rejected", "rejected", "Not this time");
        await DecideAsync("revoked", "accepted");
        await GlobexAsync();
        (await alice.PostAsJsonAsync($"/api/v1/gates/models/{Repo}/revocations", new { user = "revoked" })).EnsureSuccessStatusCode().Dispose();
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    public async Task PutGateAsync(object gate)
    {
        using var answer = await World.As(World.Alice).PutAsJsonAsync($"/api/v1/gates/models/{Repo}", gate);
        await answer.OkAsync();
    }

    public async Task AskAsync(string who, object? answers = null)
    {
        using var client = As(who);
        using var answer = await client.PostAsJsonAsync($"/{Repo}/ask-access", answers ?? new { });
        Assert.Equal((303, $"/{Repo}"), ((int)answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    public async Task DecideAsync(string user, string status, string? rejectionReason = null)
    {
        using var answer = await World.As(World.Alice).PostAsJsonAsync($"/api/models/{Repo}/user-access-request/handle", new { user, status, rejectionReason });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private async Task GlobexAsync()
    {
        using var grace = As("grace");
        (await grace.PostAsJsonAsync("/api/v1/organizations", new { name = "globex" })).EnsureSuccessStatusCode().Dispose();
        foreach (var member in new[] { "mira", "nils" })
        {
            (await grace.PutAsJsonAsync($"/api/organizations/globex/members/{member}/role", new { role = "read" })).EnsureSuccessStatusCode().Dispose();
        }

        (await grace.PutAsJsonAsync($"/api/v1/gates/models/{Repo}/organizations/globex", new { })).EnsureSuccessStatusCode().Dispose();
        await DecideAsync("globex", "accepted");
        using (var before = As("nils"))
        {
            Assert.Equal(Words, await before.GetStringAsync($"/{Repo}/resolve/main/a.txt")); // what is remembered of it must not outlive it
        }

        (await grace.DeleteAsync("/api/organizations/globex/members/nils")).EnsureSuccessStatusCode().Dispose();
        using var made = await grace.PostAsJsonAsync("/api/v1/organizations/globex/service-accounts", new { name = "builds", role = "read" });
        var id = (await made.OkAsync())["id"]!.GetValue<string>();
        using var issued = await grace.PostAsJsonAsync($"/api/v1/organizations/globex/service-accounts/{id}/tokens", new { name = "ci", role = "read" });
        _tokens["service"] = (await issued.OkAsync())["value"]!.GetValue<string>();
    }
}

internal static class Joining
{
    /// <summary>Makes a user with a verified address.</summary>
    /// <returns>A token that writes.</returns>
    public static Task<string> JoinAsync(this World world, string name, string domain = "example.org", string? password = null) => world.UseAsync<Accounts, string>(async accounts =>
    {
        var id = await accounts.CreateUserAsync(
            new NewUser { Name = name, FullName = char.ToUpperInvariant(name[0]) + name[1..], Email = $"{name}@{domain}", EmailVerified = true, Password = password }, CancellationToken.None);
        return await accounts.IssueTokenAsync(id, new NewToken("tests", TokenScope.Write), CancellationToken.None);
    });

    public static async Task<string> ErrorAsync(this HttpResponseMessage answer)
    {
        var code = answer.Headers.TryGetValues("X-Error-Code", out var codes) ? $" {codes.Single()}" : "";
        return $"{(int)answer.StatusCode}{code}: {JsonNode.Parse(await answer.Content.ReadAsStringAsync())?["error"]?.GetValue<string>()}";
    }
}
