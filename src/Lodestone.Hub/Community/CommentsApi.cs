using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Comments as hub clients call them, and reactions.</summary>
internal static class CommentsApi
{
    public static void MapComments(this IEndpointRouteBuilder discussion)
    {
        discussion.MapPost("/comment", Write);
        var comment = discussion.MapGroup("/comment/{comment}");
        comment.MapPost("/edit", Edit);
        comment.MapPost("/hide", Hide);
        comment.MapPost("/reaction", (RepoRoute route, long number, string comment, DiscussionAccess access, Comments comments, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel) =>
            React(route, number, comment, true, access, comments, answers, request, cancel));
        comment.MapDelete("/reaction", (RepoRoute route, long number, string comment, DiscussionAccess access, Comments comments, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel) =>
            React(route, number, comment, false, access, comments, answers, request, cancel));
    }

    private static async Task<IResult> Write(
        RepoRoute route, long number, DiscussionAccess access, Discussions discussions, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var (repo, discussion) = await access.ToTakePartAsync(route, number, cancel);
        var text = Opening.CommentOf((await request.ReadBodyAsync(HubJson.Default.NewComment))?.Comment, "comment");
        var happened = await discussions.CommentAsync(discussion, text, access.Caller.Id, cancel);
        return HubAnswer.Json(new WrittenComment(await answers.EventAsync(repo, discussion, happened.Id, cancel)), HubJson.Default.WrittenComment);
    }

    private static async Task<IResult> Edit(
        RepoRoute route, long number, string comment, DiscussionAccess access, Comments comments, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToTakePartAsync(route, number, cancel);
        var text = Opening.CommentOf((await request.ReadBodyAsync(HubJson.Default.EditedComment))?.Content, "content");
        return await AnswerAsync(found, await comments.EditAsync(found, comment, text, access.Caller, cancel), answers, cancel);
    }

    private static async Task<IResult> Hide(
        RepoRoute route, long number, string comment, DiscussionAccess access, Comments comments, DiscussionAnswers answers, CancellationToken cancel)
    {
        var found = await access.ToTakePartAsync(route, number, cancel);
        return await AnswerAsync(found, await comments.HideAsync(found, comment, access.Caller, cancel), answers, cancel);
    }

    private static async Task<IResult> React(
        RepoRoute route, long number, string comment, bool isOn, DiscussionAccess access, Comments comments, DiscussionAnswers answers, HttpRequest request, CancellationToken cancel)
    {
        var found = await access.ToTakePartAsync(route, number, cancel);
        var emoji = (await request.ReadBodyAsync(HubJson.Default.NewReaction))?.Reaction;
        return await AnswerAsync(found, await comments.ReactAsync(found, comment, emoji, isOn, access.Caller, cancel), answers, cancel);
    }

    private static async Task<IResult> AnswerAsync(Found found, Guid commentId, DiscussionAnswers answers, CancellationToken cancel) =>
        HubAnswer.Json(new UpdatedComment(await answers.EventAsync(found.Repo, found.Discussion, commentId, cancel)), HubJson.Default.UpdatedComment);
}

internal sealed record NewComment(string? Comment);

internal sealed record WrittenComment(EventItem NewMessage);

internal sealed record EditedComment(string? Content);

/// <param name="Reaction">One of <see cref="Hub.Reaction.All"/>.</param>
internal sealed record NewReaction(string? Reaction);

internal sealed record UpdatedComment([property: JsonPropertyName("updatedComment")] EventItem Comment);
