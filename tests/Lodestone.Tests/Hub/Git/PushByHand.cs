using System.Net;
using System.Net.Http.Headers;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Git;

/// <summary>A repository with one commit, and a client that pushes whatever bytes it is given.</summary>
internal sealed class PushByHand : IAsyncDisposable
{
    public static readonly PushLimits Limits = new()
    {
        Commands = 20,
        Pack = 3_000_000,
        Bounds = new GitBounds(LargestAllocation: 32 * 1024 * 1024, AddressSpace: 2L * 1024 * 1024 * 1024, Computing: TimeSpan.FromSeconds(20)),
    };

    private PushByHand(World world, GitRepository git) => (World, Git, Main) = (world, git, git.References.Find("refs/heads/main")!.ToString()!);

    public World World { get; }

    public GitRepository Git { get; }

    /// <summary>The commit that main is at.</summary>
    public string Main { get; }

    public static async Task<PushByHand> BeginAsync(PushLimits? limits = null)
    {
        var world = await World.CreateAsync(services => services.AddSingleton(limits ?? Limits));
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        return new PushByHand(world, await world.GitAsync("alice/compass"));
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    public async Task AssertUntouchedAsync()
    {
        Assert.Equal([$"refs/heads/main {Main}"], Git.References.List().Select(r => $"{r.Name} {r.Target}"));
        Assert.Single(Directory.EnumerateFiles(Git.Objects.PackFolder, "*.pack"));
        await Git.AssertSoundAsync();
    }

    public async Task<string> PushAsync(IEnumerable<string> commands, byte[] pack)
    {
        using var answer = await PostAsync(Body(commands, pack));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    public async Task<HttpResponseMessage> PostAsync(byte[] body, string? encoding = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-git-receive-pack-request");
        if (encoding is not null)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        return await World.As(World.Alice).PostAsync("/alice/compass/git-receive-pack", content);
    }

    public static string Command(string? old, string? @new, string name) => $"{old ?? ObjectId.Zero.ToString()} {@new ?? ObjectId.Zero.ToString()} {name}";

    public static byte[] Body(IEnumerable<string> commands, byte[] pack, string capabilities = "report-status side-band-64k") =>
        [.. commands.SelectMany((command, i) => PktLine.Of(i == 0 ? $"{command}\0 {capabilities}" : command)), .. PktLine.Flush, .. pack];

    /// <summary>A good commit on main, and the pack that brings it.</summary>
    public async Task<(string Commit, byte[] Pack)> HonestAsync(params (string Path, string Content)[] files)
    {
        using var copy = await WorkingCopy.CloneAsync(World, World.Alice, "alice/compass");
        var commit = await copy.CommitAsync("honest", files);
        var name = await copy.GitAsync("pack-objects", "--revs", "--all", "-q", Path.Combine(copy.Folder, "honest"));
        return (commit, await File.ReadAllBytesAsync(Path.Combine(copy.Folder, $"honest-{name}.pack")));
    }
}
