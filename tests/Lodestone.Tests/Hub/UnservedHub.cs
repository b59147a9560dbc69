using Lodestone.Core;
using Lodestone.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Hub;

/// <summary>
/// The server's parts without its front door, for tests that need very many steps. Kept in memory where the system has a folder for
/// that: durability is not what is asked here.
/// </summary>
internal sealed class UnservedHub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestDatabase? _database;

    private UnservedHub(WebApplication app, string directory, TestDatabase? database, FakeTimeProvider clock) =>
        (_app, Directory, _database, Clock) = (app, directory, database, clock);

    public IServiceProvider Services => _app.Services;

    public string Directory { get; }

    public FakeTimeProvider Clock { get; }

    public static async Task<UnservedHub> CreateAsync(Action<IServiceCollection>? adjust = null)
    {
        var directory = System.IO.Directory.Exists("/dev/shm")
            ? System.IO.Directory.CreateDirectory($"/dev/shm/lodestone-test-{Guid.CreateVersion7():N}").FullName
            : System.IO.Directory.CreateTempSubdirectory("lodestone-test-").FullName;
        var database = await TestDatabase.CreateAsync();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        var serve = new ServeOptions { DataDirectory = directory, Database = database?.ConnectionString, Demo = false };
        var app = LodestoneServer.Create(serve, services =>
        {
            services.AddLogging(logging => logging.ClearProviders());
            services.AddSingleton<TimeProvider>(clock);
            adjust?.Invoke(services);
        });
        await app.Services.GetRequiredService<SchemaRunner>().RunAsync(CancellationToken.None);
        return new UnservedHub(app, directory, database, clock);
    }

    /// <summary>Calls the parts as one request would.</summary>
    public async Task<T> InScopeAsync<T>(Func<IServiceProvider, Task<T>> act)
    {
        await using var scope = Services.CreateAsyncScope();
        return await act(scope.ServiceProvider);
    }

    /// <inheritdoc cref="InScopeAsync{T}"/>
    public async Task InScopeAsync(Func<IServiceProvider, Task> act)
    {
        await using var scope = Services.CreateAsyncScope();
        await act(scope.ServiceProvider);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
