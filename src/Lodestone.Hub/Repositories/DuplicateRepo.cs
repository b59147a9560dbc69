using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// A new repository with the files of another one's main; with its commits too, where that is asked for. Large files are not copied: the new repository
/// holds them too, and the bytes are there once.
/// </summary>
internal static class DuplicateRepo
{
    public static void MapDuplicateRepo(this IEndpointRouteBuilder repo) => repo.MapPost("/duplicate", Duplicate);

    private static async Task<IResult> Duplicate(
        NewDuplicate asked, RepoRoute route, RepoAccess access, RepoStore store, NewRepos repos, HubDb db, StorageQuota quota, TimeProvider clock, HttpRequest request, CancellationToken cancel)
    {
        var source = (await access.ToReadContentAsync(route, cancel)).Repo;
        access.Caller.Authenticated();
        var from = store.Open(source.Id);
        var tree = new RepoTree(from, RevisionPath.OfRevision(from, "main").Commit);
        var wanted = new NewRepo
        {
            Name = asked.Repository ?? throw new Refusal(RefusalCode.Invalid, "\"repository\" must be the new repository's owner/name.") { Param = "repository" },
            Type = source.Type.Singular(),
            Visibility = asked.Visibility,
            Private = asked.Private ?? (source.IsPrivate ? true : null),
        };
        var made = await repos.CreateAsync(wanted, request.BaseAddress(), CopyAsync, cancel);
        return HubAnswer.Json(new DuplicatedRepo($"{request.BaseAddress()}/{made.Type.Prefix()}{made.FullName}"), HubJson.Default.DuplicatedRepo);

        async Task<ObjectId> CopyAsync(GitRepository git, Repo repo)
        {
            var author = GitAuthor.Of(access.Caller, clock);
            using var pack = git.NewPack();
            var copy = new TreeCopy(from, pack);
            await (asked.KeepsHistory() ? copy.CopyHistoryAsync(tree.Commit, cancel) : copy.CopyAsync(tree.Root, cancel));
            var held = await db.HeldAsync(source.Id, copy.LargeFiles, cancel);
            (await quota.IfLimitedAsync(repo.OwnerId, repo.IsPrivate, cancel))?.Require(held.Values.Sum());
            db.LfsObjects.AddRange(held.Select(o => new LfsObject(repo.Id, o.Key, o.Value, clock.GetUtcNow())));
            var commit = asked.KeepsHistory() ? tree.Commit : pack.Write(new GitCommit(tree.Root, [], author, author, $"Duplicate from {source.FullName}"));
            using var complete = pack.Complete();
            await git.Publish([complete], [new RefUpdate(RefName.Branches + "main", null, commit)], cancel);
            return commit;
        }
    }
}

/// <summary>Copies a folder with all that is below it, or a commit with all that is before it, into another repository's pack, each object once.</summary>
internal sealed class TreeCopy(GitRepository from, PackWriter pack)
{
    private readonly HashSet<ObjectId> _copied = [];
    private readonly HashSet<Sha256Digest> _large = [];

    /// <summary>Those that pointers among the copied files stand for.</summary>
    public IReadOnlyCollection<Sha256Digest> LargeFiles => _large;

    public async Task CopyAsync(ObjectId tree, CancellationToken cancel)
    {
        foreach (var entry in from.Objects.Tree(tree).Entries.Where(e => e.Mode != GitMode.Submodule && _copied.Add(e.Id)))
        {
            await (entry.IsFolder ? CopyAsync(entry.Id, cancel) : CopyBlobAsync(entry.Id, cancel));
        }

        pack.Write(GitObjectType.Tree, Content(tree));
    }

    public async Task CopyHistoryAsync(ObjectId commit, CancellationToken cancel)
    {
        var waiting = new Stack<ObjectId>([commit]);
        while (waiting.TryPop(out var id))
        {
            if (!_copied.Add(id))
            {
                continue;
            }

            var content = Content(id);
            var read = GitCommit.Parse(content);
            if (_copied.Add(read.Tree))
            {
                await CopyAsync(read.Tree, cancel);
            }

            pack.Write(GitObjectType.Commit, content);
            foreach (var parent in read.Parents)
            {
                waiting.Push(parent);
            }
        }
    }

    private async Task CopyBlobAsync(ObjectId id, CancellationToken cancel)
    {
        var size = from.Objects.Header(id)?.Size ?? throw Missing(id);
        if (size > LfsPointer.MaxLength)
        {
            await using var content = from.Objects.OpenBlob(id) ?? throw Missing(id);
            await pack.WriteBlob(content, size, cancel);
            return;
        }

        var small = Content(id);
        if (LfsPointer.TryParse(small, out var pointer))
        {
            _large.Add(pointer!.Digest); // it was read
        }

        pack.Write(GitObjectType.Blob, small);
    }

    private byte[] Content(ObjectId id) => id == GitTree.EmptyId ? [] : from.Objects.Read(id)?.Content ?? throw Missing(id);

    private static CorruptRepositoryException Missing(ObjectId id) => new($"Object {id} is missing.");
}

/// <param name="Repository"><c>owner/name</c>; a name alone is in the caller's namespace.</param>
/// <param name="Visibility"><c>public</c> or <c>private</c>; older clients send <paramref name="Private"/>. Absent: a copy of what is private is private.</param>
/// <param name="History"><c>keep</c>: with every commit of main; <c>squash</c>, or absent: in one commit.</param>
internal sealed record NewDuplicate(string? Repository, string? Visibility, bool? Private, string? History = null)
{
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public bool KeepsHistory() => History switch
    {
        null or "squash" => false,
        "keep" => true,
        _ => throw new Refusal(RefusalCode.Invalid, "\"history\" must be one of [keep, squash]") { Param = "history" },
    };
}

/// <param name="Url">Of the new repository's page.</param>
internal sealed record DuplicatedRepo(string Url);
