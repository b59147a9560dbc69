using System.Net;
using Lodestone.Hub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Lodestone.Tests.Hub.Git;

[NoDatabase]
public sealed class UploadPackTests : IAsyncLifetime
{
    private readonly RealGit _git = new();
    private readonly UploadPack _uploadPack = new(NullLogger<UploadPack>.Instance);
    private WebApplication? _server;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapGet("/repo/info/refs", c => _uploadPack.AdvertiseAsync(_git.Open(), Protocol(c), Answer(c, "advertisement"), c.RequestAborted));
        _server.MapPost("/repo/git-upload-pack", async c => await _uploadPack.ServeAsync(_git.Open(), Protocol(c), c.Request.Body, Answer(c, "result"), c.RequestAborted));
        await _server.StartAsync();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("2")]
    public async Task Git_clones_whole_shallow_and_partial(string version)
    {
        var repository = _git.Open();
        for (var i = 0; i < 5; i++)
        {
            await RealGit.Commit(repository, $"commit {i}", ("a.txt", $"{i}"), ($"folder/{i}", $"file {i}"));
        }

        await Clone(version, "whole");
        await Clone(version, "shallow", "--depth=1");
        await Clone(version, "partial", "--filter=blob:none", "--no-checkout");

        Assert.Equal("5", (await _git.In("whole", "rev-list", "--count", "HEAD")).Trim());
        Assert.Equal("4", await File.ReadAllTextAsync(Path.Combine(_git.Folder, "whole", "a.txt")));
        Assert.Equal("1", (await _git.In("shallow", "rev-list", "--count", "HEAD")).Trim());
        Assert.Contains("?", await _git.In("partial", "rev-list", "--objects", "--missing=print", "HEAD"), StringComparison.Ordinal);
        await _git.In("partial", "checkout", "-q", "main");
        Assert.Equal("file 4", await File.ReadAllTextAsync(Path.Combine(_git.Folder, "partial", "folder", "4")));
    }

    [Theory]
    [InlineData(20)] // packed by us
    [InlineData(1200)] // by git
    public async Task A_clone_has_everything_whoever_packed_it(int files)
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "many", [.. Enumerable.Range(0, files).Select(i => ($"folder-{i % 3}/{i}.txt", (string?)(i == 0 ? "" : $"file {i}")))]);
        _git.Bare("-c", "user.name=x", "-c", "user.email=x@example.org", "tag", "-a", "-m", "one", "v1", head.ToString());
        _git.Bare("-c", "user.name=x", "-c", "user.email=x@example.org", "tag", "-a", "-m", "of a tag", "v1-again", "v1");

        await Clone("2", "mirror", "--mirror");

        await _git.In("mirror", "fsck", "--full", "--strict");
        Assert.Equal(_git.Bare("for-each-ref"), await _git.In("mirror", "for-each-ref"));
        Assert.Equal(_git.Bare("rev-list", "--objects", "--all"), await _git.In("mirror", "rev-list", "--objects", "--all"));
    }

    [Theory]
    [InlineData("want HEAD\n", "done\n", true)]
    [InlineData("want HEAD\n", "", false)] // goes on to tell what it has
    [InlineData("have HEAD\nwant HEAD\n", "done\n", false)]
    [InlineData("want HEAD\ndeepen 1\n", "done\n", false)]
    [InlineData("want HEAD\nfilter blob:none\n", "done\n", false)]
    [InlineData("want HEAD\ninclude-tag\n", "done\n", false)]
    [InlineData("want 1111111111111111111111111111111111111111\n", "done\n", false)]
    public async Task Only_what_wants_all_and_has_nothing_is_answered_without_git(string arguments, string end, bool isOurs)
    {
        var repository = _git.Open();
        var head = await RealGit.Commit(repository, "first", ("a.txt", "1"));
        var lines = $"command=fetch\nagent=git/2.39\n\n{arguments.Replace("HEAD", head.ToString(), StringComparison.Ordinal)}{end}".Split('\n');
        var request = new MemoryStream([.. lines[1..^1].SelectMany(l => l.Length == 0 ? PktLine.Delimiter.ToArray() : PktLine.Of(l + "\n")), .. PktLine.Flush]);

        var asked = await AskedFetch.ReadAsync(PktLine.Of(lines[0])[4..], request, CancellationToken.None);

        Assert.Equal(isOurs, asked.TryAnswer(repository) is not null);
        Assert.Equal(PktLine.Of(lines[0]).Concat(request.ToArray()).Take(asked.Lines.Length), asked.Lines); // git is told what we have read
        Assert.Equal(request.Position, asked.Lines.Length - PktLine.Of(lines[0]).Length);
    }

    [Fact]
    public async Task References_are_listed_alike_in_every_protocol()
    {
        var first = await RealGit.Commit(_git.Open(), "first", ("a.txt", "1"));
        _git.Bare("-c", "user.name=x", "-c", "user.email=x@example.org", "tag", "-a", "-m", "one", "v1", first.ToString());
        _git.Bare("-c", "user.name=x", "-c", "user.email=x@example.org", "tag", "-a", "-m", "of a tag", "v1-again", "v1");
        _git.Bare("update-ref", "refs/pr/1", first.ToString());
        _git.Bare("update-ref", "refs/heads/feature/ü", first.ToString());

        var old = await List("0");
        var @new = await List("2");

        Assert.Equal(old, @new);
        Assert.Contains("ref: refs/heads/main\tHEAD", @new, StringComparison.Ordinal);
        Assert.Contains("refs/tags/v1-again^{}", @new, StringComparison.Ordinal);
        Assert.DoesNotContain("refs/pr/1", await List("2", "--heads"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clone_of_an_empty_repository_is_on_main()
    {
        await _git.In(".", ["-c", "init.defaultBranch=other", "clone", "-q", Url, "empty"]);

        Assert.Equal("refs/heads/main", (await _git.In("empty", "symbolic-ref", "HEAD")).Trim());
    }

    [Fact]
    public async Task Fetching_brings_what_is_new()
    {
        var repository = _git.Open();
        await RealGit.Commit(repository, "first", ("a.txt", "1"));
        await Clone("2", "clone");
        var second = await RealGit.Commit(repository, "second", ("a.txt", "2"));

        await _git.In("clone", "pull", "-q");

        Assert.Equal(second.ToString(), (await _git.In("clone", "rev-parse", "HEAD")).Trim());
    }

    [Fact]
    public async Task A_client_that_asks_for_what_is_not_there_is_told()
    {
        using var client = new HttpClient();
        var nonsense = new StringContent("0032want 1111111111111111111111111111111111111111\n00000009done\n");

        var answer = await client.PostAsync($"{Url}/git-upload-pack", nonsense);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("ERR upload-pack: not our ref", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_request_ends_the_process()
    {
        using var cancel = new CancellationTokenSource();
        var endless = new System.IO.Pipelines.Pipe();
        var serving = _uploadPack.ServeAsync(_git.Open(), null, endless.Reader.AsStream(), Stream.Null, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _git.Dispose();
    }

    private string Url => _server?.Urls.Single() + "/repo";

    private Task<string> Clone(string version, string name, params string[] options) =>
        _git.In(".", ["-c", $"protocol.version={version}", "clone", "-q", .. options, Url, name]);

    private Task<string> List(string version, params string[] options) =>
        _git.In(".", ["-c", $"protocol.version={version}", "ls-remote", .. options.Length > 0 ? options : ["--symref"], Url]);

    private static string? Protocol(HttpContext context) => context.Request.Headers["Git-Protocol"];

    private static Stream Answer(HttpContext context, string kind)
    {
        context.Response.ContentType = $"application/x-git-upload-pack-{kind}";
        return context.Response.Body;
    }
}
