using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

public sealed class TrendTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Points_halve_every_week()
    {
        var trend = Trend.Add(0, Trend.Like, Now, Now);

        Assert.Equal([10.0, 5.0, 2.5], Enumerable.Range(0, 3).Select(week => Math.Round(Trend.Points(trend, Now.AddDays(7 * week)), 4)));
        Assert.Equal(0, Trend.Points(0, Now));
    }

    [Fact]
    public void What_is_taken_away_leaves_what_was_there()
    {
        var liked = Trend.Add(Trend.Add(0, 3, Now, Now), Trend.Like, Now.AddDays(1), Now.AddDays(1));

        var unliked = Trend.Add(liked, -Trend.Like, Now.AddDays(1), Now.AddDays(20));

        Assert.Equal(Trend.Points(Trend.Add(0, 3, Now, Now), Now.AddDays(20)), Trend.Points(unliked, Now.AddDays(20)), 4);
        Assert.Equal(0, Trend.Add(Trend.Add(0, Trend.Like, Now, Now), -Trend.Like, Now, Now.AddDays(3)));
    }

    [Fact]
    public async Task A_new_like_comes_before_many_old_downloads_and_an_old_one_does_not()
    {
        await using var world = await World.CreateAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/liked");
        await alice.CreateRepoAsync("alice/read");
        await alice.CreateRepoAsync("alice/quiet");
        await LikeAsync(carol, "alice/liked");
        Assert.Equal(["alice/liked 10", "alice/quiet 0", "alice/read 0"], await ListAsync(alice));

        world.Server.Clock.Advance(TimeSpan.FromDays(28));
        await alice.CommitAsync("alice/read", ("model.gguf", "weights"));
        alice.DefaultRequestHeaders.UserAgent.ParseAdd("curl/8");
        await alice.GetStringAsync("/alice/read/resolve/main/model.gguf");
        await Eventually.TrueAsync(async () =>
        {
            world.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            using var first = await alice.GetAsync("/api/models?limit=1"); // the pages behind it may move on between two reads
            return (string?)(await first.OkAsync())[0]!["id"] == "alice/read";
        });

        Assert.Equal(["alice/read 1", "alice/liked 1", "alice/quiet 0"], await ListAsync(alice));
        using var unliked = await carol.DeleteAsync("/api/models/alice/liked/like");
        using var again = await carol.DeleteAsync("/api/models/alice/liked/like");
        Assert.Equal(["alice/read 1", "alice/liked 0", "alice/quiet 0"], await ListAsync(alice));
    }

    private static async Task LikeAsync(HttpClient client, string id)
    {
        using var answer = await client.PostAsync($"/api/models/{id}/like", null);
        await answer.OkAsync();
    }

    private static async Task<string[]> ListAsync(HttpClient client)
    {
        var ids = new List<string>();
        for (var next = "/api/models?limit=1"; next is not null;)
        {
            using var page = await client.GetAsync(next);
            var model = (await page.OkAsync())[0]!;
            ids.Add($"{model["id"]} {model["trendingScore"]}");
            next = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        return [.. ids];
    }
}
