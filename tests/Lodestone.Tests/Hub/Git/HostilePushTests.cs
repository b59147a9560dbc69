using System.IO.Compression;
using System.Net;
using System.Text;

namespace Lodestone.Tests.Hub.Git;

/// <summary>Requests that no git would send. Each is answered, changes nothing and leaves nothing behind.</summary>
public sealed class HostilePushTests : IAsyncLifetime
{
    private PushByHand _push = null!; // set before any test runs

    public async ValueTask InitializeAsync() => _push = await PushByHand.BeginAsync();

    public ValueTask DisposeAsync() => _push.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("zzzz")]
    [InlineData("0003")]
    [InlineData("ffff0123")]
    [InlineData("0010hello world")]
    [InlineData("0009hello0000")]
    public async Task What_is_not_the_protocol_is_refused(string body)
    {
        using var answer = await _push.PostAsync(Encoding.ASCII.GetBytes(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task Too_many_commands_are_refused()
    {
        var commands = Enumerable.Range(0, 21).Select(i => PushByHand.Command(null, _push.Main, $"refs/heads/{i}"));

        using var answer = await _push.PostAsync(PushByHand.Body(commands, PackByHand.Empty));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("A push may change 20 references", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Theory]
    [InlineData("refs/heads/a..b", "not a valid name of a branch")]
    [InlineData("refs/heads/../../config", "not a valid name of a branch")]
    [InlineData("refs/heads/a.lock", "not a valid name of a branch")]
    [InlineData("refs/heads/a\u0001b", "not a valid name of a branch")]
    [InlineData("refs/tags/", "not a valid name of a tag")]
    [InlineData("refs/heads", "only branches, tags and pull requests")]
    [InlineData("HEAD", "only branches, tags and pull requests")]
    [InlineData("config", "only branches, tags and pull requests")]
    [InlineData("/etc/passwd", "only branches, tags and pull requests")]
    public async Task A_bad_name_is_refused(string name, string reason)
    {
        var said = await _push.PushAsync([PushByHand.Command(null, _push.Main, name)], PackByHand.Empty);

        Assert.Contains("unpack ok", said, StringComparison.Ordinal);
        Assert.Contains($"ng {name} {reason}", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_reference_named_twice_moves_neither_way()
    {
        var said = await _push.PushAsync([PushByHand.Command(null, _push.Main, "refs/heads/a"), PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Empty);

        Assert.Contains("ng refs/heads/a named twice in one push", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task What_is_stale_must_be_fetched_first()
    {
        var nothing = new string('1', 40);

        var said = await _push.PushAsync([PushByHand.Command(nothing, _push.Main, "refs/heads/main"), PushByHand.Command(nothing, null, "refs/heads/gone"), PushByHand.Command(null, null, "refs/heads/no")], PackByHand.Empty);

        Assert.Contains("ng refs/heads/main fetch first", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/heads/gone fetch first", said, StringComparison.Ordinal);
        Assert.Contains("ng refs/heads/no there is no such reference to delete", said, StringComparison.Ordinal);
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_deletion_needs_no_pack()
    {
        await _push.PushAsync([PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Empty);

        var said = await _push.PushAsync([PushByHand.Command(_push.Main, null, "refs/heads/a")], []);

        Assert.Contains("ok refs/heads/a", said, StringComparison.Ordinal);
        Assert.Null(_push.Git.References.Find("refs/heads/a"));
        await _push.AssertUntouchedAsync();
    }

    [Fact]
    public async Task A_client_may_ask_for_no_report_and_no_side_band()
    {
        using var silent = await _push.PostAsync(PushByHand.Body([PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Empty, ""));
        using var plain = await _push.PostAsync(PushByHand.Body([PushByHand.Command(null, _push.Main, "refs/heads/b")], PackByHand.Empty, "report-status"));
        using var probe = await _push.PostAsync("0000"u8.ToArray());

        Assert.Equal("", await silent.Content.ReadAsStringAsync());
        Assert.Equal("000eunpack ok\n0014ok refs/heads/b\n0000", await plain.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, ""), (probe.StatusCode, await probe.Content.ReadAsStringAsync()));
        Assert.Equal(3, _push.Git.References.List().Count);
    }

    [Fact]
    public async Task A_zipped_push_is_read_and_a_broken_one_refused()
    {
        var body = PushByHand.Body([PushByHand.Command(null, _push.Main, "refs/heads/a")], PackByHand.Empty);
        var zipped = Zip(body);

        using var good = await _push.PostAsync(zipped, "gzip");
        using var cut = await _push.PostAsync(zipped[..20], "gzip");
        using var wrong = await _push.PostAsync(body, "gzip");

        Assert.Contains("ok refs/heads/a", await good.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (cut.StatusCode, wrong.StatusCode));
        Assert.Empty(_push.Git.Leftovers());
    }

    private static byte[] Zip(byte[] content)
    {
        using var output = new MemoryStream();
        using (var zip = new GZipStream(output, CompressionLevel.Fastest))
        {
            zip.Write(content);
        }

        return output.ToArray();
    }
}
