using System.Net;
using System.Net.Http.Headers;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Lodestone.Server;

/// <summary>
/// What a new server shows: the organisation <c>lodestone</c> with two small models, published over HTTP through the same
/// routes as anybody's, and an open price for the one that is served. Done once; what exists already is left alone.
/// </summary>
internal sealed partial class DemoContent(
    ServeOptions serve, IServer server, IServiceScopeFactory scopes, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<DemoContent> log)
    : BackgroundService
{
    private const string Organization = "lodestone";
    private const string Publisher = "compass";

    private static readonly Money InputPerMillion = new(Money.PicosPerUnit / 10, Currency.Usd);
    private static readonly Money OutputPerMillion = new(Money.PicosPerUnit * 4 / 10, Currency.Usd);
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "demo");
    private static readonly string[] Models = ["compass-3m", "compass-3m-chat"];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!serve.Demo)
        {
            return;
        }

        try
        {
            await StartedAsync(stoppingToken);
            await PublishAsync(stoppingToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            NotPublished(log, failure);
        }
    }

    private async Task PublishAsync(CancellationToken cancel)
    {
        using var client = new HttpClient { BaseAddress = Address() };
        var missing = new List<string>();
        foreach (var model in Models)
        {
            using var found = await client.GetAsync($"/api/models/{Organization}/{model}", cancel);
            if (found.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized)
            {
                missing.Add(model);
            }
        }

        if (missing.Count == 0)
        {
            return;
        }

        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await PublisherTokenAsync(cancel));
        foreach (var model in missing)
        {
            var repository = new DemoRepository(client, $"{Organization}/{model}", Path.Combine(Folder, model));
            await OpenPriceAsync(await repository.PublishAsync(cancel), cancel);
            Published(log, repository.Id);
        }
    }

    private async Task<string> PublisherTokenAsync(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        var namespaces = scope.ServiceProvider.GetRequiredService<Namespaces>();
        var publisher = (await namespaces.FindAsync(Publisher, cancel))?.Id
            ?? await accounts.CreateUserAsync(new NewUser { Name = Publisher, FullName = "Compass", Email = "compass@localhost", EmailVerified = true }, cancel);
        if (await namespaces.FindAsync(Organization, cancel) is null)
        {
            await accounts.CreateOrganizationAsync(new NewOrganization(Organization, "Lodestone"), publisher, cancel);
        }

        var token = new NewToken($"demo content, {Instants.ToWire(clock.GetUtcNow())}", TokenScope.Read | TokenScope.Write); // a name of its own each time
        return await accounts.IssueTokenAsync(publisher, token, cancel);
    }

    private async Task OpenPriceAsync(Guid repoId, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var prices = scope.ServiceProvider.GetRequiredService<Prices>();
        if (await prices.FindAsync(repoId, clock.GetUtcNow(), cancel) is null)
        {
            await prices.PublishAsync(
                new NewModelPrice { ProductId = repoId, InputPerMillion = InputPerMillion, OutputPerMillion = OutputPerMillion, Reason = "Opening price of the demo" },
                Caller.Server,
                cancel);
        }
    }

    private Uri Address() => new(server.Features.Get<IServerAddressesFeature>()!.Addresses.First()); // Kestrel has the feature once it listens

    private async Task StartedAsync(CancellationToken cancel)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancel);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Published the demo model {Repository}")]
    private static partial void Published(ILogger log, string repository);

    [LoggerMessage(Level = LogLevel.Error, Message = "The demo content could not be published; it is tried again at the next start")]
    private static partial void NotPublished(ILogger log, Exception failure);
}
