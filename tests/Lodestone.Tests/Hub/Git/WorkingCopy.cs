using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub.Git;

/// <summary>A person's clone of a repository of the running server, with the real git and git-lfs.</summary>
internal sealed class WorkingCopy : IDisposable
{
    private const string Settings = """
        [user]
        name = Alice
        email = alice@example.org
        [init]
        defaultBranch = main
        [advice]
        detachedHead = false

        """;

    private readonly string _home;

    private WorkingCopy(string home) => _home = home;

    public string Folder => Path.Combine(_home, "copy");

    public static async Task<WorkingCopy> CloneAsync(World world, Person person, string id, params string[] options)
    {
        var copy = new WorkingCopy(Directory.CreateTempSubdirectory("lodestone-copy-").FullName);
        await File.WriteAllTextAsync(Path.Combine(copy._home, ".gitconfig"), Settings);
        var place = new UriBuilder(world.Server.Url) { UserName = person.Name, Password = person.Token, Path = id };
        await ClientProcess.RunAsync("git", ["clone", "-q", .. options, place.Uri.AbsoluteUri, copy.Folder], copy._home);
        return copy;
    }

    /// <summary>Runs git, which must succeed.</summary>
    /// <returns>Standard output, without the newline at its end.</returns>
    public async Task<string> GitAsync(params string[] arguments) => (await ClientProcess.RunAsync("git", arguments, Folder, ("HOME", _home))).TrimEnd('\n');

    /// <summary>Runs git and takes what it says, well or not.</summary>
    public async Task<(int ExitCode, string Said)> TryAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await ClientProcess.TryAsync("git", arguments, Folder, ("HOME", _home));
        return (exitCode, output + error);
    }

    public void Write(string path, byte[] content)
    {
        var file = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!); // it is inside the folder
        File.WriteAllBytes(file, content);
    }

    /// <summary>Writes files and commits everything.</summary>
    /// <returns>The commit's id.</returns>
    public async Task<string> CommitAsync(string message, params (string Path, string Content)[] files)
    {
        foreach (var (path, content) in files)
        {
            Write(path, System.Text.Encoding.UTF8.GetBytes(content));
        }

        await GitAsync("add", "-A");
        await GitAsync("commit", "-q", "--allow-empty", "-m", message);
        return await GitAsync("rev-parse", "HEAD");
    }

    /// <summary>Commits everything as somebody else would have, at an instant: git then makes the very commit that they made.</summary>
    /// <inheritdoc cref="CommitAsync"/>
    public async Task<string> CommitAsAsync(string name, DateTimeOffset when, params string[] command)
    {
        var date = $"{when.ToUnixTimeSeconds()} +0000";
        var email = $"{name}@users.noreply.invalid";
        var made = await ClientProcess.RunAsync(
            "git", command, Folder, ("HOME", _home), ("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email), ("GIT_AUTHOR_DATE", date),
            ("GIT_COMMITTER_NAME", name), ("GIT_COMMITTER_EMAIL", email), ("GIT_COMMITTER_DATE", date));
        return command[0] is "commit-tree" ? made.Trim() : await GitAsync("rev-parse", "HEAD");
    }

    /// <summary>Stores an object as it is, sound or not.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> ObjectAsync(string type, byte[] content)
    {
        var file = Path.Combine(_home, "object");
        await File.WriteAllBytesAsync(file, content);
        return await GitAsync("hash-object", "-t", type, "-w", "--literally", file);
    }

    public void Dispose()
    {
        foreach (var file in Directory.EnumerateFiles(_home, "*", SearchOption.AllDirectories))
        {
            File.SetAttributes(file, FileAttributes.Normal);
        }

        Directory.Delete(_home, recursive: true);
    }
}

/// <summary>A repository as it lies on the server's disk.</summary>
internal static class ServedRepository
{
    public static async Task<GitRepository> GitAsync(this World world, string id)
    {
        var path = id.ToLowerInvariant();
        var repoId = await world.UseAsync<HubDb, Guid>(db => db.Repos.Where(r => r.PathLower == path).Select(r => r.Id).SingleAsync());
        return await world.UseAsync<RepoStore, GitRepository>(store => Task.FromResult(store.Open(repoId)));
    }

    /// <summary>Git finds nothing wrong, and nobody left a file behind.</summary>
    public static async Task AssertSoundAsync(this GitRepository git)
    {
        var (exitCode, output, error) = await ClientProcess.TryAsync("git", ["-c", "safe.directory=*", "fsck", "--full", "--strict", "--no-dangling"], git.Path);
        Assert.True(exitCode == 0, output + error);
        Assert.Empty(git.Leftovers());
    }

    /// <summary>Files and folders that should not outlive a request.</summary>
    public static IReadOnlyList<string> Leftovers(this GitRepository git) =>
    [
        .. Directory.EnumerateFileSystemEntries(git.Path, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(git.Path, path))
            .Where(path => path.EndsWith(".lock", StringComparison.Ordinal) || Path.GetFileName(path).StartsWith("tmp_", StringComparison.Ordinal)),
    ];
}
