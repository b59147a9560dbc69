using System.Net;
using Lodestone.Core;
using Lodestone.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests;

/// <summary>The real server on a free loopback port, with a data directory and (where chosen) a PostgreSQL database of its own.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _directory;
    private readonly TestDatabase? _database;

    private TestServer(WebApplication app, string directory, TestDatabase? database, FakeTimeProvider clock)
    {
        _app = app;
        _directory = directory;
        _database = database;
        Clock = clock;
        Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public Uri Url { get; }

    public FakeTimeProvider Clock { get; }

    public IServiceProvider Services => _app.Services;

    public string DataDirectory => _directory;

    public static async Task<TestServer> StartAsync(Action<IServiceCollection>? adjust = null, Action<IEndpointRouteBuilder>? routes = null, bool isDemo = false)
    {
        NoDatabaseAttribute.MustNotStandOn(TestContext.Current.TestClass);
        var directory = TemporaryFolder();
        var database = await TestDatabase.CreateAsync();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        var app = LodestoneServer.Create(Options(directory, database?.ConnectionString, isDemo), services =>
        {
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
            services.AddSingleton<TimeProvider>(clock);
            adjust?.Invoke(services);
        });
        routes?.Invoke(app);
        await LodestoneServer.StartAsync(app, CancellationToken.None);
        return new TestServer(app, directory, database, clock);
    }

    /// <summary>Brings a PostgreSQL database to the schema, without starting a server on it.</summary>
    internal static async Task ApplySchemaAsync(string database)
    {
        var directory = TemporaryFolder();
        await using (var app = LodestoneServer.Create(Options(directory, database, isDemo: false)))
        {
            await app.Services.GetRequiredService<SchemaRunner>().RunAsync(CancellationToken.None);
        }

        Directory.Delete(directory, recursive: true);
    }

    /// <summary>A client without credentials that follows no redirects and keeps no cookies.</summary>
    public HttpClient Anonymous() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None })
    {
        BaseAddress = Url,
    };

    /// <summary>A client that sends an access token.</summary>
    public HttpClient With(string token)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static string TemporaryFolder() => Directory.CreateTempSubdirectory("lodestone-test-").FullName;

    private static ServeOptions Options(string directory, string? database, bool isDemo) =>
        new() { DataDirectory = directory, Url = new Uri("http://127.0.0.1:0"), Database = database, Demo = isDemo };
}
