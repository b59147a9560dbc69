using System.Net.Http.Json;
using System.Security.Cryptography;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests;

/// <summary>Models that can be called, and their prices.</summary>
internal static class ServedModels
{
    /// <summary>Alice puts a GGUF file into a new repository, as hub clients do: upload the large file, then commit it.</summary>
    public static async Task PublishAsync(this World world, string id, byte[] weights, bool isPrivate = false)
    {
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync(id, isPrivate);
        var oid = Convert.ToHexStringLower(SHA256.HashData(weights));
        using var asked = await alice.PostAsJsonAsync($"/{id}.git/info/lfs/objects/batch", new { operation = "upload", objects = new[] { new { oid, size = weights.Length } } });
        var upload = (await asked.OkAsync())["objects"]![0]!["actions"]!["upload"]!["href"]!.GetValue<string>();
        using var sent = await world.AsNobody().PutAsync(new Uri(upload), new ByteArrayContent(weights));
        sent.EnsureSuccessStatusCode();
        await alice.CommitAsync(id, [HubCalls.Line("lfsFile", new { path = "compass-Q8_0.gguf", algo = "sha256", oid, size = weights.Length })]);
    }

    /// <summary>Carol gives a model a price in dollars per million tokens.</summary>
    public static async Task PriceAsync(this World world, string id, string input, string output)
    {
        var model = await world.FindAsync(id);
        var price = new NewModelPrice { ProductId = model.RepoId, InputPerMillion = Usd(input), OutputPerMillion = Usd(output), Reason = "list", IsConfirmed = true };
        await world.UseAsync<Prices, bool>(async prices =>
        {
            await prices.PublishAsync(price, Acting(world, world.Carol), CancellationToken.None);
            return true;
        });
    }

    /// <summary>A model of Alice's or of everybody's.</summary>
    public static Task<ServableModel> FindAsync(this World world, string id) => world.UseAsync<Models, ServableModel>(async models =>
        await models.FindAsync(Acting(world, world.Alice), id, CancellationToken.None) ?? throw new InvalidOperationException($"{id} is not there"));

    private static Money Usd(string amount) => Money.TryParse(amount, Currency.Usd, out var money) ? money : throw new FormatException(amount);

    private static Caller Acting(World world, Person person) => new()
    {
        Id = person.Id,
        Name = person.Name,
        Kind = CallerKind.User,
        Roles = new Dictionary<Guid, NamespaceRole> { [person.Id] = NamespaceRole.Admin },
        Scope = TokenScope.All,
        IsAdministrator = person == world.Carol,
    };
}
