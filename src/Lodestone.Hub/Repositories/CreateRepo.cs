using System.Text;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Making repositories. One is never empty: its first commit is there before anybody can see it.</summary>
internal static class CreateRepo
{
    public static void MapCreateRepo(this IEndpointRouteBuilder routes) => routes.MapPost("/api/repos/create", Create);

    private static async Task<IResult> Create(NewRepo asked, NewRepos repos, HttpRequest request, CancellationToken cancel)
    {
        var repo = await repos.CreateAsync(asked, request.BaseAddress(), cancel);
        return HubAnswer.Json(
            new CreatedRepo($"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}", repo.FullName, PublicId.ToHub(repo.Id)), HubJson.Default.CreatedRepo);
    }
}

/// <summary>Makes a repository on behalf of the caller.</summary>
internal sealed class NewRepos(HubDb db, Namespaces namespaces, RepoStore store, Committing committing, RepoRefresh refresh, Caller caller, TimeProvider clock)
{
    private static readonly RefusalCode Taken = new("repo_exists", 409);

    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>, <c>invalid_request</c> or <c>repo_exists</c>, which carries the <c>url</c>.</exception>
    public Task<Repo> CreateAsync(NewRepo asked, string baseAddress, CancellationToken cancel)
    {
        asked.RequireSdk();
        return CreateAsync(asked, baseAddress, FillAsync, cancel);

        async Task<ObjectId> FillAsync(GitRepository git, Repo repo)
        {
            using var pack = git.NewPack();
            return await committing.BeginAsync(git, FirstCommit.Of(repo.Type, asked, pack), pack, caller, cancel);
        }
    }

    /// <param name="fill">Makes the first commit on main and returns it. Rows that it adds are saved with the repository's.</param>
    /// <inheritdoc cref="CreateAsync(NewRepo, string, CancellationToken)"/>
    public async Task<Repo> CreateAsync(NewRepo asked, string baseAddress, Func<GitRepository, Repo, Task<ObjectId>> fill, CancellationToken cancel)
    {
        var type = asked.RepoType();
        var (owner, name) = asked.Place(caller.Authenticated().Name);
        RepoName.Check(name);
        if (await namespaces.FindAsync(owner, cancel) is not { } home || !caller.CanContribute(home.Id, TokenScope.ContributeRepos))
        {
            throw HubRefusals.NoRightToCreate(caller, type, owner);
        }

        var path = Repo.LowerPath(home.Name, name);
        if (await db.Repos.AsNoTracking().VisibleTo(caller).At(type, path).SingleOrDefaultAsync(cancel) is { } existing)
        {
            throw AlreadyThere(existing.Type, existing.FullName, baseAddress);
        }

        var now = clock.GetUtcNow();
        var repo = new Repo
        {
            Id = PublicId.New(clock),
            Type = type,
            OwnerId = home.Id,
            OwnerName = home.Name,
            Name = name,
            PathLower = path,
            IsPrivate = asked.IsPrivate() ?? home.PrivateByDefault,
            CreatedBy = caller.Id,
            CreatedByApp = caller.AppId,
            CreatedAt = now,
            UpdatedAt = now,
        };
        return await StoreAsync(repo, fill, cancel) ? repo : throw AlreadyThere(type, repo.FullName, baseAddress);
    }

    /// <summary>
    /// Git first, under the new id, which nobody knows; then the row, which makes the repository visible. Of two clients that
    /// create the same name one row is refused, and its files go away again.
    /// </summary>
    private async Task<bool> StoreAsync(Repo repo, Func<GitRepository, Repo, Task<ObjectId>> fill, CancellationToken cancel)
    {
        try
        {
            var git = store.Create(repo.Id);
            var head = await fill(git, repo);
            db.Repos.Add(repo);
            db.Aliases.RemoveRange(await db.Aliases.Where(a => a.Type == repo.Type && a.PathLower == repo.PathLower).ToListAsync(cancel));
            await refresh.DescribeAsync(repo, git, head, cancel);
            db.Publish(new RepoPublished(repo.Id, repo.FullName, head.ToString()));
            await db.RecordAsync(repo, new NewRepoEvent(RepoEvent.OfRepo, ChangeKind.Create, new EventDetails(), caller.Id, head.ToString()), repo.CreatedAt, cancel);
        }
        catch
        {
            store.Delete(repo.Id);
            throw;
        }

        // Not cancellable, and a failure here deletes nothing: nobody could say whether the row is there.
        if (await db.TrySaveAsync(CancellationToken.None))
        {
            return true;
        }

        store.Delete(repo.Id);
        return false;
    }

    private static Refusal AlreadyThere(RepoType type, string fullName, string baseAddress) => new(Taken, $"You already created this {type.Singular()} repo")
    {
        Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["url"] = $"{baseAddress}/{type.Prefix()}{fullName}" },
    };
}

/// <summary>What the first commit of a repository holds.</summary>
internal static class FirstCommit
{
    public static NewCommit Of(RepoType type, NewRepo asked, PackWriter pack)
    {
        var changes = new List<CommitChange> { File(".gitattributes", DefaultAttributes.Of(type)) };
        if (asked.License is { Length: > 0 } || type is RepoType.Space)
        {
            changes.Add(File("README.md", Card(type, asked)));
        }

        changes.AddRange((asked.Files ?? []).Select(f => File(CleanPath.Of(f.Path), f.Bytes())));
        return new NewCommit("initial commit", null, null, changes);

        PutFile File(string path, byte[] content)
        {
            if (path is "README.md")
            {
                ValidateCard.Require(GitName.Decode(content));
            }

            return new PutFile(path, pack.Write(GitObjectType.Blob, content), path is GitAttributes.FileName ? GitName.Decode(content) : null);
        }
    }

    private static byte[] Card(RepoType type, NewRepo asked)
    {
        var card = new StringBuilder("---\n");
        Line("title", type is RepoType.Space ? asked.Name?.Split('/')[^1] : null);
        Line("sdk", type is RepoType.Space ? asked.Sdk : null);
        Line("license", asked.License);
        Line("license_name", asked.LicenseName);
        Line("license_link", asked.LicenseLink);
        return Encoding.UTF8.GetBytes(card.Append("---\n").ToString());

        // A JSON text is a YAML text too.
        void Line(string key, string? value) => _ = value is { Length: > 0 } ? card.Append(key).Append(": ").Append(YamlText(value)).Append('\n') : card;
    }

    private static string YamlText(string value) =>
        value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') && char.IsAsciiLetter(value[0])
            ? value
            : System.Text.Json.JsonSerializer.Serialize(value, HubJson.Default.String);
}
