using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A repository of Alice's, and two xorbs that she has sent for it.</summary>
internal sealed class ShardWorld : IAsyncDisposable
{
    private ShardWorld(World world, XetDoor door) => (World, Door) = (world, door);

    public World World { get; }

    public XetDoor Door { get; }

    public MadeXorb One { get; } = MadeXorb.OfContent(LfsCalls.Bytes(300_000));

    public MadeXorb Two { get; } = MadeXorb.OfContent(LfsCalls.Bytes(170_000, seed: 2), kind: ChunkCompression.Lz4);

    public static async Task<ShardWorld> CreateAsync(HubOptions? options = null)
    {
        var world = await World.CreateAsync(services => services.AddSingleton(options ?? new HubOptions()));
        await world.As(world.Alice).CreateRepoAsync("alice/weights");
        var shards = new ShardWorld(world, await world.XetAsync(world.Alice, "alice/weights"));
        foreach (var xorb in new[] { shards.One, shards.Two })
        {
            await shards.SendAsync(xorb);
        }

        return shards;
    }

    public async Task SendAsync(MadeXorb xorb)
    {
        using var sent = await Door.PostXorbAsync(xorb);
        await sent.OkAsync();
    }

    /// <returns>Whether something of it was new: 1 or 0.</returns>
    public static async Task<int> ResultAsync(HttpResponseMessage answer) => (await answer.OkAsync())["result"]!.GetValue<int>();

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
