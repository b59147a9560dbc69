using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Lodestone.Tests.Hub;

/// <summary>
/// Xorbs and shards come in, some at once, until the server is killed. After a restart everything acknowledged is there and right,
/// of what was under way all or nothing, and sending it again succeeds.
/// </summary>
public sealed class XetKillsTests
{
    private const string Repo = "theo/chunks";

    /// <summary>How many; more by <c>scripts/soak-xet-kills</c>.</summary>
    private static readonly int Cycles = int.Parse(Environment.GetEnvironmentVariable("LODESTONE_CYCLES") ?? "10", CultureInfo.InvariantCulture);

    private readonly Random _random = new(int.Parse(Environment.GetEnvironmentVariable("LODESTONE_SEED") ?? "1", CultureInfo.InvariantCulture));
    private readonly ConcurrentQueue<MadeXorb> _sent = [];
    private readonly ConcurrentQueue<Sending> _registered = [];
    private readonly ConcurrentDictionary<Sending, bool> _underWay = [];
    private int _cut;
    private int _landed;
    private volatile bool _isDying;

    [Fact]
    public async Task What_was_acknowledged_survives_kills_and_nothing_is_half_registered()
    {
        await using var server = await KilledServer.CreateAsync();
        await server.StartAsync();
        await server.Client.CreateRepoAsync(Repo);
        for (var cycle = 1; cycle <= Cycles; cycle++)
        {
            await LiveAsync(server);
            await server.StartAsync();

            Assert.Equal(0, server.Leftovers);
            await CheckAsync(server.Client);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Cycles} cycles: {_sent.Count} xorbs and {_registered.Count} shards acknowledged and there; {_cut} cut short, of which {_landed} had landed, whole");
    }

    private async Task LiveAsync(KilledServer server)
    {
        _isDying = false;
        _underWay.Clear();
        var door = await DoorAsync(server.Client);
        var work = Enumerable.Range(0, 4).Select(_ => RepeatAsync(door, new Random(_random.Next()))).ToList();
        var moment = Task.Delay(TimeSpan.FromMilliseconds(_random.Next(30, 1000)));
        await Task.WhenAny([moment, .. work]); // who ends before has failed
        _isDying = true;
        await server.KillAsync();
        await Task.WhenAll(work);
    }

    /// <summary>Sends one file after the other until the server is gone. A refusal is a failure: all of it must be granted.</summary>
    private async Task RepeatAsync(XetDoor door, Random random)
    {
        while (true)
        {
            var sending = Sending.Random(random);
            _underWay[sending] = true;
            try
            {
                await SendAsync(door, sending, random.Next(2) == 0 ? "/v1/shards" : "/v2/shards");
            }
            catch (Exception failure) when (_isDying && failure is HttpRequestException or IOException)
            {
                return;
            }

            _underWay.TryRemove(sending, out _);
        }
    }

    private async Task SendAsync(XetDoor door, Sending sending, string place)
    {
        foreach (var xorb in sending.Xorbs)
        {
            using var sent = await door.PostXorbAsync(xorb);
            await sent.OkAsync();
            _sent.Enqueue(xorb);
        }

        using var taken = await door.PostShardAsync(sending.Shard, place);
        await taken.OkAsync();
        _registered.Enqueue(sending);
    }

    private async Task CheckAsync(HttpClient client)
    {
        var door = await DoorAsync(client);
        foreach (var xorb in _sent.TakeLast(40))
        {
            using var found = await door.HeadXorbAsync(xorb.Hash);
            Assert.Equal(xorb.Records.Length, found.Content.Headers.ContentLength);
        }

        foreach (var sending in _underWay.Keys)
        {
            var held = await HeldAsync(client, sending);
            Assert.True(held.All(h => h) || held.TrueForAll(h => !h), "A shard is registered by half.");
            (_cut, _landed) = (_cut + 1, _landed + (held[0] ? 1 : 0));
            await SendAsync(door, sending, "/v1/shards");
        }

        foreach (var sending in _registered.TakeLast(20))
        {
            Assert.All(await HeldAsync(client, sending), Assert.True);
        }

        await ReadAsync(client, _registered.Last());
    }

    private static async Task ReadAsync(HttpClient client, Sending sending)
    {
        foreach (var content in sending.Files)
        {
            var answer = await LfsCalls.ObjectAsync(client, Repo, "download", LfsCalls.Digest(content), content.Length);
            Assert.Equal(content, await client.GetByteArrayAsync(answer["actions"]!["download"]!["href"]!.GetValue<string>()));
        }
    }

    private static async Task<List<bool>> HeldAsync(HttpClient client, Sending sending)
    {
        var held = new List<bool>();
        foreach (var content in sending.Files)
        {
            var answer = await LfsCalls.ObjectAsync(client, Repo, "download", LfsCalls.Digest(content), content.Length);
            held.Add(answer["error"] is null);
        }

        return held;
    }

    private static async Task<XetDoor> DoorAsync(HttpClient client)
    {
        var answer = await client.JsonAsync($"/api/models/{Repo}/xet-write-token/main");
        return new XetDoor(client, answer["casUrl"]!.GetValue<string>(), answer["accessToken"]!.GetValue<string>());
    }

    /// <summary>Two xorbs, and a shard of three files: of each, and of both.</summary>
    private sealed record Sending(IReadOnlyList<MadeXorb> Xorbs, byte[] Shard, IReadOnlyList<byte[]> Files)
    {
        public static Sending Random(Random random)
        {
            var (one, two) = (XorbOf(random), XorbOf(random));
            return new([one, two], MadeShard.Of(one, two).File(one).File(two).Bytes(), [[.. one.Content, .. two.Content], one.Content, two.Content]);
        }

        private static MadeXorb XorbOf(Random random)
        {
            var content = RandomNumberGenerator.GetBytes(random.Next(1, random.Next(4) == 0 ? 4_000_000 : 200_000));
            return MadeXorb.OfContent(content);
        }
    }
}
