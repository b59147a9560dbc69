using System.Text.Unicode;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Tells a client, before it sends anything, which files go to large file storage and which it need not send at all.</summary>
internal static class Preupload
{
    private const int MostFiles = 1000;
    private const int Tiny = 64; // bytes; what is this small stays in git whatever it holds

    public static void MapPreupload(this IEndpointRouteBuilder repo) => repo.MapPost("/preupload/{**rev}", Decide);

    private static async Task<IResult> Decide(
        PreuploadRequest asked, RepoRoute route, RepoAccess access, RepoStore store, PullRequests pullRequests, StorageQuota quota,
        HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToCommitAsync(route, request.Query.IsTrue("create_pr"), pullRequests, cancel);
        var git = store.Open(repo.Id);
        var at = RevisionPath.OfRevision(git, route.Revision);
        if (asked.Files is not { Count: <= MostFiles } files)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"files\" must be a list of at most {MostFiles} files.") { Param = "files" };
        }

        var tree = new RepoTree(git, at.Commit);
        var attributes = new GitAttributes(folder => folder.Length == 0 && asked.GitAttributes is { } given ? given : GitAttributes.Read(git.Objects, tree.Root, folder));
        var ignored = GitIgnore.Parse(asked.GitIgnore ?? GitIgnore.Read(git.Objects, tree));
        var larges = new List<long>();
        var answers = files.Select(file =>
        {
            var path = CleanPath.Of(file.Path);
            var mode = IsLarge(file, path, attributes) ? "lfs" : "regular";
            if (mode is "lfs")
            {
                larges.Add(file.Size);
            }

            return new PreuploadAnswerFile(path, mode, ignored.IsIgnored(path), tree.Find(path) is { IsFolder: false } found ? found.ETag : null);
        }).ToList();
        await quota.RequireRoomAsync(repo, larges, cancel);
        return HubAnswer.Json(new PreuploadAnswer(answers, at.Commit.ToString()), HubJson.Default.PreuploadAnswer);
    }

    private static bool IsLarge(PreuploadFile file, string path, GitAttributes attributes) =>
        file.Size > 0 && (attributes.IsLfs(path) || file.Size > CommitReader.MaxRegularFile || (file.Size > Tiny && IsBinary(file.SampleBytes())));

    private static bool IsBinary(ReadOnlySpan<byte> sample)
    {
        if (sample.Contains((byte)0))
        {
            return true;
        }

        // The sample may end inside a character.
        for (var cut = 0; cut <= Math.Min(3, sample.Length); cut++)
        {
            if (Utf8.IsValid(sample[..^cut]))
            {
                return false;
            }
        }

        return true;
    }
}

/// <param name="GitAttributes">Text of the <c>.gitattributes</c> that the same upload brings.</param>
/// <param name="GitIgnore">Likewise.</param>
internal sealed record PreuploadRequest(IReadOnlyList<PreuploadFile>? Files, string? GitAttributes, string? GitIgnore);

/// <param name="Size">Bytes.</param>
/// <param name="Sample">Base64 of the first 512 bytes.</param>
internal sealed record PreuploadFile(string? Path, long Size, string? Sample)
{
    public byte[] SampleBytes()
    {
        var bytes = new byte[((Sample?.Length ?? 0) * 3 / 4) + 3];
        return Convert.TryFromBase64String(Sample ?? "", bytes, out var count)
            ? bytes[..count]
            : throw new Refusal(RefusalCode.Invalid, $"The sample of '{Path}' is not valid base64.");
    }
}

internal sealed record PreuploadAnswer(IReadOnlyList<PreuploadAnswerFile> Files, string CommitOid);

/// <param name="UploadMode"><c>lfs</c> or <c>regular</c>.</param>
/// <param name="Oid">What the path holds now: git's id, or a large file's SHA-256. Clients send nothing when it is what they have.</param>
internal sealed record PreuploadAnswerFile(string Path, string UploadMode, bool ShouldIgnore, string? Oid);
