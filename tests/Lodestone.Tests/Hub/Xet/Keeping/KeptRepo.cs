using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A repository without the wire: its row, its git, what it holds.</summary>
internal sealed class KeptRepo(Guid id, Guid ownerId)
{
    private static readonly GitSignature Author = Git.RealGit.Alice;

    public Guid Id => id;

    public Guid OwnerId => ownerId;

    public static async Task<KeptRepo> CreateAsync(IServiceProvider services, Guid ownerId, bool isPrivate)
    {
        var (id, now) = (PublicId.New(services.GetRequiredService<TimeProvider>()), services.GetRequiredService<TimeProvider>().GetUtcNow());
        var (name, db) = (PublicId.ToHub(id), services.GetRequiredService<HubDb>());
        db.Repos.Add(new Repo
        {
            Id = id, Type = RepoType.Model, OwnerId = ownerId, OwnerName = "some", Name = name, PathLower = $"some/{name}", IsPrivate = isPrivate, CreatedBy = id, CreatedAt = now, UpdatedAt = now,
        });
        await db.SaveChangesAsync();
        db.ChangeTracker.Clear();
        services.GetRequiredService<RepoStore>().Create(id);
        return new KeptRepo(id, ownerId);
    }

    /// <summary>Sends a file whole, unless it is held.</summary>
    public async Task HoldAsync(IServiceProvider services, byte[] content)
    {
        var digest = Sha256Digest.Parse(LfsCalls.Digest(content));
        if ((await services.GetRequiredService<HubDb>().HeldAsync(id, [digest], CancellationToken.None)).Count == 0)
        {
            var blob = await services.GetRequiredService<IBlobStore>().WriteAsync(PipeReader.Create(new MemoryStream(content)), digest, null, CancellationToken.None);
            await services.GetRequiredService<LargeFileIntake>().HoldAsync(id, blob, CancellationToken.None);
        }
    }

    /// <summary>A commit that has just these files, as pointers.</summary>
    /// <param name="isOrphan">It has no parent: what was before is lost, where nothing else reaches it.</param>
    public async Task PublishAsync(IServiceProvider services, string name, IEnumerable<(string Path, byte[] Content)> files, bool isOrphan)
    {
        var git = services.GetRequiredService<RepoStore>().Open(id);
        var head = git.References.Find(name);
        using var pack = git.NewPack();
        var editor = new TreeEditor(git.Objects, null);
        foreach (var (path, content) in files)
        {
            var pointer = new LfsPointer(Sha256Digest.Parse(LfsCalls.Digest(content)), content.Length);
            editor.Put(path, GitMode.File, pack.Write(GitObjectType.Blob, pointer.Format()));
        }

        var commit = pack.Write(new GitCommit(editor.Write(pack), head is { } parent && !isOrphan ? [parent] : [], Author, Author, $"Commit of {Guid.CreateVersion7()}"));
        using var complete = pack.Complete();
        Assert.IsType<Published>(await git.Publish([complete], [new RefUpdate(name, head, commit)], CancellationToken.None));
    }

    /// <summary>Main has these files and no history.</summary>
    public Task ShowAsync(IServiceProvider services, params byte[][] contents) =>
        PublishAsync(services, "refs/heads/main", contents.Select((content, i) => ($"{i}.bin", content)), isOrphan: true);

    /// <param name="target">Another reference; null: the reference goes.</param>
    public async Task PointAsync(IServiceProvider services, string name, string? target)
    {
        var git = services.GetRequiredService<RepoStore>().Open(id);
        var update = new RefUpdate(name, git.References.Find(name), target is null ? null : git.References.Find(target));
        Assert.IsType<Published>(await git.Publish([], [update], CancellationToken.None));
    }

    public async Task DeleteAsync(IServiceProvider services)
    {
        await services.GetRequiredService<HubDb>().Repos.Where(r => r.Id == id).ExecuteDeleteAsync();
        services.GetRequiredService<RepoStore>().Delete(id);
    }
}
