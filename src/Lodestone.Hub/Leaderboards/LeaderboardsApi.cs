using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Leaderboards over the API: <c>/api/v1/leaderboards</c>. One is named by its 24 hex digits, or by the end of its address.</summary>
internal static class LeaderboardsApi
{
    private const int LargestPage = 100;

    public static void MapLeaderboards(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("/api/v1/leaderboards").WithErrorShape(ErrorShape.Problem).WithTags("Leaderboards");
        all.MapGet("", List);
        all.MapPost("", async (NewLeaderboard wanted, Leaderboards leaderboards, LeaderboardLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await leaderboards.DefineAsync(wanted, cancel), lists, request, cancel));
        all.MapGet("/{id}", async (string id, Leaderboards leaderboards, LeaderboardLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await leaderboards.FindAsync(Slugs.IdOf(id), cancel), lists, request, cancel));
        all.MapPatch("/{id}", async (string id, LeaderboardChange change, Leaderboards leaderboards, LeaderboardLists lists, HttpRequest request, CancellationToken cancel) =>
            await AnswerAsync(await leaderboards.ChangeAsync(Slugs.IdOf(id), change, cancel), lists, request, cancel));
        all.MapDelete("/{id}", Delete);
        var submissions = all.MapGroup("/{id}/submissions");
        submissions.MapGet("", Ranks);
        submissions.MapPost("", Submit);
        submissions.MapDelete("/{submission}", Withdraw);
        submissions.MapPut("/{submission}/verification", (string id, string submission, Submissions rows, CancellationToken cancel) => VerifyAsync(id, submission, isVerified: true, rows, cancel));
        submissions.MapDelete("/{submission}/verification", (string id, string submission, Submissions rows, CancellationToken cancel) => VerifyAsync(id, submission, isVerified: false, rows, cancel));
    }

    private static async Task<IResult> List(Leaderboards leaderboards, LeaderboardLists lists, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        var search = new LeaderboardSearch(query["owner"], query["dataset"], query["model"], query["q"]);
        var limit = Limit(query);
        var after = Cursor.Decode(query["cursor"]) is { } last ? await leaderboards.FindAsync(Slugs.IdOf(last), cancel) : null;
        var page = await lists.FindAsync(search, after, limit + 1, cancel);
        if (page.Count > limit)
        {
            Cursor.LinkNext(context, PublicId.ToHub(page[limit - 1].Id));
        }

        var shown = await lists.ShowAsync([.. page.Take(limit)], cancel);
        return HubAnswer.Json<IReadOnlyList<LeaderboardView>>([.. shown.Select(l => LeaderboardView.Of(l, context.Request.BaseAddress()))], HubJson.Default.IReadOnlyListLeaderboardView);
    }

    private static async Task<IResult> Delete(string id, Leaderboards leaderboards, CancellationToken cancel)
    {
        await leaderboards.DeleteAsync(Slugs.IdOf(id), cancel);
        return Results.NoContent();
    }

    private static async Task<IResult> Ranks(string id, Leaderboards leaderboards, LeaderboardLists lists, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        var leaderboard = await leaderboards.FindAsync(Slugs.IdOf(id), cancel);
        var standing = Standings.Parse(query["standing"].ToString() is { Length: > 0 } given ? given : "verified");
        var after = Cursor.Decode(query["cursor"]) is { } last ? Slugs.IdOf(last) : (Guid?)null;
        var page = await lists.PageAsync(leaderboard, standing, after, Limit(query), cancel);
        if (page.Next is { } next)
        {
            Cursor.LinkNext(context, PublicId.ToHub(next));
        }

        return HubAnswer.Json<IReadOnlyList<SubmissionView>>([.. page.Rows.Select(SubmissionView.Of)], HubJson.Default.IReadOnlyListSubmissionView);
    }

    private static async Task<IResult> Submit(string id, NewSubmission wanted, Leaderboards leaderboards, Submissions submissions, LeaderboardLists lists, CancellationToken cancel)
    {
        var made = await submissions.SubmitAsync(Slugs.IdOf(id), wanted, cancel);
        var page = await lists.PageAsync(await leaderboards.FindAsync(made.LeaderboardId, cancel), made.Standing, after: null, Submissions.Most, cancel);
        return HubAnswer.Json(SubmissionView.Of(page.Rows.Single(r => r.Ranked.Submission.Id == made.Id)), HubJson.Default.SubmissionView);
    }

    private static async Task<IResult> Withdraw(string id, string submission, Submissions submissions, CancellationToken cancel)
    {
        await submissions.WithdrawAsync(Slugs.IdOf(id), Slugs.IdOf(submission), cancel);
        return Results.NoContent();
    }

    private static async Task<IResult> VerifyAsync(string id, string submission, bool isVerified, Submissions submissions, CancellationToken cancel)
    {
        await submissions.VerifyAsync(Slugs.IdOf(id), Slugs.IdOf(submission), isVerified, cancel);
        return Results.NoContent();
    }

    private static int Limit(IQueryCollection query) => (int)Math.Clamp(query.Whole("limit") ?? LargestPage, 1, LargestPage);

    private static async Task<IResult> AnswerAsync(Leaderboard leaderboard, LeaderboardLists lists, HttpRequest request, CancellationToken cancel) =>
        HubAnswer.Json(LeaderboardView.Of((await lists.ShowAsync([leaderboard], cancel))[0], request.BaseAddress()), HubJson.Default.LeaderboardView);
}
