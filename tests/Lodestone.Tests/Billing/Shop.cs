using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>A world in which Acme's model is known to Billing; Alice pays for her calls herself.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public const string Model = "acme/compass";

    private int _calls;

    private Shop(World world) => World = world;

    public World World { get; }

    public HttpClient Alice => World.As(World.Alice);

    public HttpClient Bob => World.As(World.Bob);

    public HttpClient Carol => World.As(World.Carol);

    public Guid ModelId { get; } = Guid.CreateVersion7();

    public static async Task<Shop> OpenAsync(string freePerDay = "0.05", Action<IServiceCollection>? adjust = null)
    {
        var shop = new Shop(await World.CreateAsync(services =>
        {
            services.AddSingleton(new BillingOptions { FreePerDay = freePerDay });
            adjust?.Invoke(services);
        }));
        await shop.World.UseAsync<Products, bool>(async products =>
        {
            await products.RegisterAsync(shop.ModelId, Model, shop.World.Acme.Id, CancellationToken.None);
            return true;
        });
        return shop;
    }

    public Task<HttpResponseMessage> PublishAsync(string input, string output, bool confirm = false, object? from = null) =>
        Carol.PostAsJsonAsync("/api/v1/prices", new { model = Model, inputPerMillion = input, outputPerMillion = output, reason = "list price", confirm, effectiveFrom = from });

    /// <summary>Alice calls; as the gateway would have it.</summary>
    public Task<Settlement> CallAsync(long input, long output, CallOutcome outcome = CallOutcome.Completed) => World.UseAsync<Metering, Settlement>(async metering =>
    {
        var hold = await metering.ReserveAsync(
            new NewHold
            {
                RequestId = $"req_{++_calls}",
                AccountId = World.Alice.Id,
                CallerId = World.Alice.Id,
                ProductId = ModelId,
                ProductName = Model,
                SellerId = World.Acme.Id,
                Revision = "0123456789abcdef",
                PromptTokens = input,
                MaxOutputTokens = output,
                ModelTimeout = TimeSpan.FromMinutes(2),
            },
            CancellationToken.None);
        return await metering.SettleAsync(hold.Id, new CallUsage(input, output), outcome, Measurement.Engine, CancellationToken.None);
    });

    public static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    public static async Task<(int Status, string Code)> RefusedAsync(Task<HttpResponseMessage> call)
    {
        using var answer = await call;
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return ((int)answer.StatusCode, body.GetProperty("code").GetString() ?? "");
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
