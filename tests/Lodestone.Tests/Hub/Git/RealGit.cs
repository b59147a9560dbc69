using System.Diagnostics;
using System.Text;
using Lodestone.Hub;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lodestone.Tests.Hub.Git;

/// <summary>A temporary folder with a repository in it, the real git as the oracle, and our own reader and writer.</summary>
internal sealed class RealGit : IDisposable
{
    public static readonly GitSignature Alice = new("Alice", "alice@example.org", new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)));

    private readonly ObjectCache _cache = new(16 * 1024 * 1024);

    // Nobody runs it: journals are settled where something else is published, or a test says so.

    public RealGit()
    {
        Folder = Directory.CreateTempSubdirectory("lodestone-git-").FullName;
        BarePath = Path.Combine(Folder, "bare.git");
        WorkPath = Path.Combine(Folder, "work");
        GitRepository.Create(BarePath);
    }

    public string Folder { get; }

    /// <summary>A repository made by us.</summary>
    public string BarePath { get; }

    /// <summary>A clone with files, for what git shall do.</summary>
    public string WorkPath { get; }

    /// <summary>The bare repository, opened anew.</summary>
    /// <summary>Settles what the opened repositories publish, once it is started.</summary>
    internal Settling Settling { get; } = new(NullLogger<Settling>.Instance);

    public GitRepository Open() => GitRepository.Open(BarePath, _cache, Settling);

    /// <summary>Runs git in the bare repository.</summary>
    public string Bare(params string[] arguments) => Run(BarePath, "", arguments);

    /// <summary>Runs git in the clone, which is made at the first use.</summary>
    public string Work(params string[] arguments)
    {
        EnsureClone();
        return Run(WorkPath, "", arguments);
    }

    /// <summary>Runs git in another folder beside the two, while this process may serve it.</summary>
    public Task<string> In(string folder, params string[] arguments) =>
        Task.Factory.StartNew(
            () => Run(Path.Combine(Folder, folder), "", arguments), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public string WorkWithInput(string input, params string[] arguments) => Run(WorkPath, input, arguments);

    public string BareWithInput(string input, params string[] arguments) => Run(BarePath, input, arguments);

    public void WriteWorkFile(string path, string content)
    {
        EnsureClone();
        var file = Path.Combine(WorkPath, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file) ?? WorkPath);
        File.WriteAllText(file, content);
    }

    /// <summary>Commits everything in the clone and pushes it to the bare repository.</summary>
    public ObjectId CommitAndPush(string message)
    {
        Work("add", "-A");
        Work("commit", "-q", "--allow-empty", "-m", message);
        Work("push", "-q", "origin", "HEAD:refs/heads/main");
        return ObjectId.Parse(Work("rev-parse", "HEAD").Trim());
    }

    /// <summary>Commits edits of files to a branch with our own code.</summary>
    public static async Task<ObjectId> Commit(GitRepository repository, string message, params (string Path, string? Content)[] files)
    {
        var head = repository.References.Find("refs/heads/main");
        using var writer = repository.NewPack();
        var tree = new TreeEditor(repository.Objects, head is { } h ? repository.Objects.Commit(h).Tree : null);
        foreach (var (path, content) in files)
        {
            var edit = content is null
                ? tree.Delete(path)
                : tree.Put(path, GitMode.File, writer.Write(GitObjectType.Blob, Encoding.UTF8.GetBytes(content)));
            Assert.Equal(TreeEdit.Done, edit);
        }

        var commit = writer.Write(new GitCommit(tree.Write(writer), head is { } parent ? [parent] : [], Alice, Alice, message));
        using var pack = writer.Complete();
        Assert.IsType<Published>(await repository.Publish([pack], [new RefUpdate("refs/heads/main", head, commit)], CancellationToken.None));
        return commit;
    }

    public void AssertSound() => Assert.DoesNotContain("error", Bare("fsck", "--strict", "--full", "--no-dangling"), StringComparison.Ordinal);

    public void Dispose()
    {
        foreach (var file in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            File.SetAttributes(file, FileAttributes.Normal);
        }

        Directory.Delete(Folder, recursive: true);
    }

    private void EnsureClone()
    {
        if (!Directory.Exists(WorkPath))
        {
            Run(Folder, "", ["clone", "-q", BarePath, WorkPath]);
        }
    }

    private static string Run(string folder, string input, string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-c", "user.name=Bob", "-c", "user.email=bob@example.org", "-c", "init.defaultBranch=main", .. arguments])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start");

        // Threads of their own: with all tests waiting for git at once, the pool would have none left.
        var error = "";
        var feeding = InThread(() => { git.StandardInput.Write(input); git.StandardInput.Close(); });
        var complaining = InThread(() => error = git.StandardError.ReadToEnd());
        var output = git.StandardOutput.ReadToEnd();
        feeding.Join();
        complaining.Join();
        git.WaitForExit();
        return git.ExitCode == 0 ? $"{output}{error}" : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {error}{output}");
    }

    private static Thread InThread(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        return thread;
    }
}
