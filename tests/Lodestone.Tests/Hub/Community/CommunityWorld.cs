using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Community;

/// <summary>
/// One world for tests that each use a repository of their own: Alice writes in hers, Carol is a stranger who may write elsewhere,
/// Bob's token only reads. What the hub announces is kept.
/// </summary>
public sealed class CommunityWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public HttpClient Alice { get; private set; } = null!; // likewise

    public HttpClient Bob { get; private set; } = null!; // likewise

    public HttpClient Carol { get; private set; } = null!; // likewise

    public HttpClient Nobody { get; private set; } = null!; // likewise

    internal Heard Heard { get; } = new();

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync(services =>
        {
            services.AddSingleton(Heard);
            services.AddEventHandler<DiscussionChanged, Listener>();
            services.AddEventHandler<CommentChanged, Listener>();
        });
        (Alice, Bob, Carol, Nobody) = (World.As(World.Alice), World.As(World.Bob), World.As(World.Carol), World.AsNobody());
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    /// <summary>The client of somebody by their name.</summary>
    public HttpClient Of(string who) => who switch { "alice" => Alice, "bob" => Bob, "carol" => Carol, _ => Nobody };
}

/// <summary>What the hub has announced.</summary>
internal sealed class Heard
{
    private readonly List<(Guid RepoId, string What)> _all = [];

    public void Add(Guid repoId, string what)
    {
        lock (_all)
        {
            _all.Add((repoId, what));
        }
    }

    public IReadOnlyList<string> Of(Guid repoId)
    {
        lock (_all)
        {
            return [.. _all.Where(h => h.RepoId == repoId).Select(h => h.What).Order(StringComparer.Ordinal)];
        }
    }
}

internal sealed class Listener(Heard heard) : IEventHandler<DiscussionChanged>, IEventHandler<CommentChanged>
{
    public Task HandleAsync(Guid eventId, DiscussionChanged happened, CancellationToken cancel)
    {
        heard.Add(happened.RepoId, $"discussion {happened.Number} {happened.Kind}");
        return Task.CompletedTask;
    }

    public Task HandleAsync(Guid eventId, CommentChanged happened, CancellationToken cancel)
    {
        heard.Add(happened.RepoId, $"comment {happened.Number} {happened.Kind}");
        return Task.CompletedTask;
    }
}

/// <summary>What hub clients do with discussions, in the words of the tests.</summary>
internal static class DiscussionCalls
{
    /// <summary>A repository with a text of three lines in it.</summary>
    /// <returns>Its address in the API.</returns>
    public static async Task<string> RepoAsync(this HttpClient client, string id, bool isPrivate = false)
    {
        await client.CreateRepoAsync(id, isPrivate);
        await client.CommitAsync(id, ("notes.txt", "one\ntwo\nthree\nfour\nfive\n"));
        return $"/api/models/{id}";
    }

    public static async Task<long> OpenAsync(this HttpClient client, string repo, string title, string description = "Why?", bool isPullRequest = false)
    {
        using var answer = await client.PostAsJsonAsync($"{repo}/discussions", new { title, description, pullRequest = isPullRequest });
        return (await answer.OkAsync())["num"]!.GetValue<long>();
    }

    /// <summary>A pull request by a commit.</summary>
    public static async Task<long> ProposeAsync(this HttpClient client, string repo, string path, string content, string summary = "Propose a change")
    {
        using var answer = await client.PostCommitAsync($"{repo}/commit/main?create_pr=1", HubCalls.Line("header", new { summary, description = "Because" }), HubCalls.Line("file", new { path, content }));
        return long.Parse((await answer.OkAsync())["pullRequestUrl"]!.GetValue<string>().Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    public static async Task<HttpResponseMessage> CommitToAsync(this HttpClient client, string repo, string revision, string path, string content, string summary = "Go on") =>
        await client.PostCommitAsync($"{repo}/commit/{Uri.EscapeDataString(revision)}", HubCalls.Line("header", new { summary }), HubCalls.Line("file", new { path, content }));

    public static async Task<JsonNode> DiscussionAsync(this HttpClient client, string repo, long number, string query = "") => await client.JsonAsync($"{repo}/discussions/{number}{query}");

    public static async Task<HttpResponseMessage> ActAsync(this HttpClient client, string repo, long number, string act, object? body = null) =>
        await client.PostAsJsonAsync($"{repo}/discussions/{number}/{act}", body);

    /// <summary>The answer's status and, of a refusal, what it says.</summary>
    public static async Task<string> OutcomeAsync(this Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        var body = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? $"{(int)answer.StatusCode}" : $"{(int)answer.StatusCode} {JsonNode.Parse(body)!["error"]}";
    }

    public static async Task<JsonNode> DoneAsync(this Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        return await answer.OkAsync();
    }

    public static string[] Types(this JsonNode discussion) => [.. discussion["events"]!.AsArray().Select(e => e!["type"]!.GetValue<string>())];

    public static string Status(this JsonNode discussion) => discussion["status"]!.GetValue<string>();

    /// <summary>The id of a discussion's comment, counted from 0.</summary>
    public static string CommentId(this JsonNode discussion, int index = 0) =>
        discussion["events"]!.AsArray().Where(e => e!["type"]!.GetValue<string>() == "comment").ElementAt(index)!["id"]!.GetValue<string>();
}
