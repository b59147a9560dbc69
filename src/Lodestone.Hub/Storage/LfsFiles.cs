using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>The large files that a repository holds: listed, deleted for good, made available to another repository.</summary>
internal static class LfsFiles
{
    private const int MostListed = 100;
    private const int MostDeleted = 1000;
    private const int MostDuplicated = 500;

    public static void MapLfsFiles(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/lfs-files", List);
        repo.MapPost("/lfs-files/batch", DeleteSome);
        repo.MapPost("/lfs-files/duplicate", Duplicate);
        repo.MapDelete("/lfs-files/{sha256}", DeleteOne);
    }

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, HeldFiles files, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var query = context.Request.Query;
        var limit = (int)Math.Clamp(query.Whole("limit") ?? MostListed, 1, MostListed);
        bool? isChunked = query.ContainsKey("xet") ? query.IsTrue("xet") : null;
        var page = await files.ListAsync(repo, isChunked, Cursor.Decode(query["cursor"]), limit + 1, cancel);
        if (page.Count > limit)
        {
            Cursor.LinkNext(context, page[limit - 1].FileOid);
        }

        return HubAnswer.Json<IReadOnlyList<LfsFile>>([.. page.Take(limit)], HubJson.Default.IReadOnlyListLfsFile);
    }

    private static async Task<IResult> DeleteSome(LfsDeletions asked, RepoRoute route, RepoAccess access, HeldFiles files, CancellationToken cancel)
    {
        var repo = await access.ToPruneAsync(route, cancel);
        if (asked.Deletions?.Sha is not { Count: <= MostDeleted } digests)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"deletions.sha\" must be a list of at most {MostDeleted} file ids.") { Param = "deletions.sha" };
        }

        await files.DeleteAsync(repo, digests, asked.Deletions.RewriteHistory is true, cancel);
        return Results.Ok();
    }

    private static async Task<IResult> DeleteOne(string sha256, RepoRoute route, RepoAccess access, HeldFiles files, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToPruneAsync(route, cancel);
        return await files.DeleteAsync(repo, [sha256], request.Query.IsTrue("rewriteHistory"), cancel) == 1
            ? Results.Ok()
            : throw new Refusal(RefusalCode.NotFound, "The repository does not hold this file.");
    }

    /// <summary>Whoever may read the one and write the other could as well download and upload.</summary>
    private static async Task<IResult> Duplicate(LfsDuplication asked, RepoRoute route, RepoAccess access, HeldFiles files, CancellationToken cancel)
    {
        var source = (await access.ToReadContentAsync(route, cancel)).Repo;
        if (asked.Files is not { Count: <= MostDuplicated } wanted || wanted.Contains(null))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"files\" must be a list of at most {MostDuplicated} files.") { Param = "files" };
        }

        if (RepoTypes.FromSingular(asked.Target?.Type) is not { } type || asked.Target?.Name?.Split('/') is not [var owner, var name])
        {
            throw new Refusal(RefusalCode.Invalid, "\"target\" must have a type (model, dataset or space) and a name of the form owner/name.") { Param = "target" };
        }

        var target = await access.ToChangeAsync(new RepoRoute(type, owner, name, []), cancel);
        return HubAnswer.Json(new LfsDuplicated(await files.DuplicateAsync(source, target, wanted, cancel)), HubJson.Default.LfsDuplicated);
    }
}

/// <param name="FileOid">Names the file for deletion.</param>
/// <param name="Oid">SHA-256.</param>
/// <param name="Filename">A path that the file has, or had in an earlier commit; where no reference reaches it, its SHA-256.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Ref">A reference that reaches the file; absent where none does.</param>
/// <param name="XetHash">Where the file can be had as chunks.</param>
internal sealed record LfsFile(string FileOid, string Oid, string Filename, long Size, string PushedAt, string? Ref, string? XetHash);

internal sealed record LfsDeletions(LfsDeletion? Deletions);

/// <param name="Sha">File ids of a list.</param>
/// <param name="RewriteHistory">Also takes the files out of every commit; without, their pointers stay and lead nowhere.</param>
internal sealed record LfsDeletion(IReadOnlyList<string>? Sha, bool? RewriteHistory);

internal sealed record LfsDuplication(LfsTarget? Target, IReadOnlyList<LfsWanted>? Files);

/// <param name="Name"><c>owner/name</c>.</param>
internal sealed record LfsTarget(string? Type, string? Name);

/// <param name="XetHash">Names the file where the SHA-256 is not given.</param>
internal sealed record LfsWanted(string? Sha256, string? XetHash);

/// <param name="Failed">Empty when all went well.</param>
internal sealed record LfsDuplicated(IReadOnlyList<LfsFailure> Failed);

internal sealed record LfsFailure(string Sha256, string Error);
