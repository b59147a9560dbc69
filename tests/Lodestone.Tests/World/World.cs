using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests;

/// <summary>
/// A running server and the people of every story: Alice, who writes; Bob, who reads; Carol, who operates the instance; and Acme,
/// where Alice is admin and Bob may read.
/// </summary>
public sealed class World : IAsyncDisposable
{
    private readonly List<HttpClient> _clients = [];

    private World(TestServer server, Person alice, Person bob, Person carol, Organization acme)
    {
        Server = server;
        Alice = alice;
        Bob = bob;
        Carol = carol;
        Acme = acme;
    }

    public TestServer Server { get; }

    /// <summary>A user with a write token.</summary>
    public Person Alice { get; }

    /// <summary>A user with a read token.</summary>
    public Person Bob { get; }

    /// <summary>The administrator.</summary>
    public Person Carol { get; }

    public Organization Acme { get; }

    public static async Task<World> CreateAsync(Action<IServiceCollection>? adjust = null)
    {
        var server = await TestServer.StartAsync(adjust);
        await using var scope = server.Services.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var alice = await PersonAsync(accounts, "alice", TokenScope.Write | TokenScope.Inference);
        var bob = await PersonAsync(accounts, "bob", TokenScope.Read | TokenScope.Inference);
        var carol = await PersonAsync(accounts, "carol", TokenScope.All, isAdministrator: true);
        var acmeId = await accounts.CreateOrganizationAsync(new NewOrganization("acme", "Acme Corporation"), alice.Id, CancellationToken.None);
        await accounts.SetMemberAsync(acmeId, bob.Id, NamespaceRole.Read, CancellationToken.None);
        return new World(server, alice, bob, carol, new Organization(acmeId, "acme"));
    }

    /// <summary>A client with the person's token; the world disposes it.</summary>
    public HttpClient As(Person person) => Kept(Server.With(person.Token));

    /// <summary>A client of nobody; the world disposes it.</summary>
    public HttpClient AsNobody() => Kept(Server.Anonymous());

    /// <summary>Calls a module's public class as the server itself would.</summary>
    public async Task<T> UseAsync<TService, T>(Func<TService, Task<T>> use)
        where TService : notnull
    {
        await using var scope = Server.Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await Server.DisposeAsync();
    }

    private static async Task<Person> PersonAsync(Accounts accounts, string name, TokenScope scope, bool isAdministrator = false)
    {
        var id = await accounts.CreateUserAsync(
            new NewUser { Name = name, FullName = char.ToUpperInvariant(name[0]) + name[1..], Email = $"{name}@example.org", EmailVerified = true, IsAdministrator = isAdministrator },
            CancellationToken.None);
        return new Person(id, name, await accounts.IssueTokenAsync(id, new NewToken("tests", scope), CancellationToken.None));
    }

    private HttpClient Kept(HttpClient client)
    {
        _clients.Add(client);
        return client;
    }
}

/// <param name="Id">Of the user and of the user's namespace.</param>
/// <param name="Token">Value of an access token.</param>
public sealed record Person(Guid Id, string Name, string Token);

/// <param name="Id">Of the namespace.</param>
public sealed record Organization(Guid Id, string Name);
