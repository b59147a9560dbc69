using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>The scores on a data set, as hub clients read them: of its own owner's leaderboard where there is one, else of the oldest; the verified ones first.</summary>
internal static class DatasetLeaderboard
{
    private const int MostLeaderboards = 100;
    private const int MostScores = 500;

    public static void MapDatasetLeaderboard(this IEndpointRouteBuilder repo) => repo.MapGet("/leaderboard", Read);

    private static async Task<IResult> Read(RepoRoute route, RepoAccess access, LeaderboardLists lists, Namespaces namespaces, CancellationToken cancel)
    {
        var dataset = await access.ToReadAsync(route, cancel);
        var leaderboards = dataset.Type is RepoType.Dataset ? await lists.FindAsync(new LeaderboardSearch(Dataset: dataset.FullName), after: null, MostLeaderboards, cancel) : [];
        if (leaderboards.OrderByDescending(l => l.OwnerId == dataset.OwnerId).ThenBy(l => l.CreatedAt).ThenBy(l => l.Id).FirstOrDefault() is not { } first)
        {
            throw new Refusal(RefusalCode.NotFound, $"{dataset.FullName} has no leaderboard. Define one on /leaderboards/new.");
        }

        var rows = new List<ShownSubmission>();
        foreach (var standing in Enum.GetValues<Standing>())
        {
            rows.AddRange((await lists.PageAsync(first, standing, after: null, MostScores, cancel)).Rows.Where(r => r.Ranked.Rank is not null));
        }

        var owners = await namespaces.ByIdAsync([.. rows.Select(r => r.Model.OwnerId).Distinct()], cancel);
        return HubAnswer.Json<IReadOnlyList<DatasetScore>>([.. rows.Select(r => Of(r, owners.GetValueOrDefault(r.Model.OwnerId)))], HubJson.Default.IReadOnlyListDatasetScore);
    }

    private static DatasetScore Of(ShownSubmission row, Namespace? owner) => new(
        row.Ranked.Rank ?? 0, // those without one are left out
        row.Model.FullName,
        row.Ranked.Submission.Score,
        row.Ranked.Submission.Standing is Standing.Verified,
        new ScoreAuthor(row.Model.OwnerName, owner?.FullName ?? row.Model.OwnerName, owner?.AvatarUrl ?? $"/avatars/{PublicId.ToHub(row.Model.OwnerId)}.svg", owner is { IsOrganization: true } ? "org" : "user"),
        row.Ranked.Submission.SourceUrl is { } url ? new ScoreSource(url) : null);
}
