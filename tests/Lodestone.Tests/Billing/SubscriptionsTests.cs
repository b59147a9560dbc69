using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>Plans with seats, acted out over HTTP: the numbers are computed by hand.</summary>
public sealed class SubscriptionsTests
{
    private const string Acme = "/api/v1/customers/acme/subscriptions";

    [Fact]
    public async Task An_organization_subscribes_grows_upgrades_and_downgrades_and_every_amount_is_exact()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await PublishAsync(carol, new { code = "team", name = "Team", perSeat = "20.00", includedCredit = "2", isPerSeat = true });
        await PublishAsync(carol, new { code = "scale", name = "Scale", perSeat = "50.00" });

        var team = await PostAsync(alice, Acme, new { plan = "team" });
        Assert.Equal(("active", 2L, "2026-03-02", "2026-04-02"), (Text(team, "state"), team.GetProperty("seats").GetInt64(), Text(team, "periodStart"), Text(team, "periodEnd")));
        Assert.Equal("4", Text(await Shop.GetAsync(alice, "/api/v1/customers/acme/wallet"), "balance"));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(alice.PostAsJsonAsync(Acme, new { plan = "scale" })));

        calendar.Set(new DateTimeOffset(2026, 3, 17, 12, 0, 0, TimeSpan.Zero));
        var one = $"{Acme}/{Text(team, "id")}";
        var preview = await PostAsync(alice, $"{one}:preview", new { plan = "scale" });
        Assert.Equal(["-20.645161290323", "51.612903225806"], preview.GetProperty("lines").EnumerateArray().Select(l => Text(l, "amount")));
        await PostAsync(alice, $"{one}:change", new { plan = "scale", when = "now" });
        using var joined = await alice.PutAsJsonAsync("/api/organizations/acme/members/carol/role", new { role = "read" });
        joined.EnsureSuccessStatusCode();
        await Eventually.TrueAsync(async () => (await ChargesAsync(world)).Count == 4);
        Assert.Equal(["40", "-20.645161290323", "51.612903225806", "25.806451612904"], await ChargesAsync(world));

        var later = await PostAsync(alice, $"{one}:change", new { plan = "team" });
        Assert.Equal(("scale", "2026-04-02"), (Text(later, "plan"), Text(later, "changesOn")));
        calendar.Set(new DateTimeOffset(2026, 4, 2, 0, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => (await ChargesAsync(world)).Count == 5);
        var renewed = (await Shop.GetAsync(alice, Acme)).GetProperty("subscriptions")[0];
        Assert.Equal(("team", 3L, "2026-05-02"), (Text(renewed, "plan"), renewed.GetProperty("seats").GetInt64(), Text(renewed, "periodEnd")));
        Assert.Equal("60", (await ChargesAsync(world))[^1]);

        Assert.Equal("canceling", Text(await PostAsync(alice, $"{one}:cancel", new { }), "state"));
        Assert.Equal("active", Text(await PostAsync(alice, $"{one}:resume", new { }), "state"));
        Assert.Equal(5, (await ChargesAsync(world)).Count);
        calendar.Advance(TimeSpan.FromHours(1));
        Assert.Equal("canceled", Text(await PostAsync(alice, $"{one}:cancel", new { when = "now" }), "state"));
        Assert.Equal("-60", (await ChargesAsync(world))[^1]);
    }

    [Fact]
    public async Task A_trial_that_nobody_can_pay_for_ends_and_one_that_somebody_can_goes_on()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 1, 31, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await PublishAsync(carol, new { code = "pro", perSeat = "9.00", trialDays = 14 });
        await PostAsync(alice, "/api/v1/topups", new { amount = "5", provider = "test" });
        await PostAsync(alice, "/api/v1/customers/alice/subscriptions", new { plan = "pro" });
        await PostAsync(alice, Acme, new { plan = "pro" });

        calendar.Set(new DateTimeOffset(2026, 2, 14, 0, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => (await StateAsync(alice, "alice"), await StateAsync(alice, "acme")) == ("active", "canceled"));

        Assert.Equal(["9"], await ChargesAsync(world));
    }

    [Fact]
    public async Task Members_see_the_plan_and_change_nothing_and_strangers_find_none()
    {
        await using var world = await World.CreateAsync();
        var (alice, bob, carol) = (world.As(world.Alice), world.As(world.Bob), world.As(world.Carol));
        await PublishAsync(carol, new { code = "team", perSeat = "20.00" });
        await PublishAsync(carol, new { code = "enterprise", perSeat = "50.00", isContract = true });
        var one = $"{Acme}/{Text(await PostAsync(alice, Acme, new { plan = "team" }), "id")}";

        Assert.Equal(1, (await Shop.GetAsync(bob, Acme)).GetProperty("subscriptions").GetArrayLength());
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(bob.PostAsJsonAsync($"{one}:cancel", new { when = "now" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(bob.PostAsJsonAsync($"{one}:change", new { plan = "team" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(bob.GetAsync("/api/v1/customers/alice/subscriptions")));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(bob.GetAsync("/api/v1/customers/alice/grants")));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(alice.PostAsJsonAsync("/api/v1/plans", new { code = "free" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(alice.PostAsJsonAsync("/api/v1/customers/acme/grants", new { kind = "promo", amount = "5" })));
        Assert.Equal((422, "unknown_plan"), await Shop.RefusedAsync(alice.PostAsJsonAsync($"{one}:change", new { plan = "enterprise" })));
        await PostAsync(carol, $"{one}:change", new { plan = "enterprise", when = "now" });
    }

    private static async Task PublishAsync(HttpClient carol, object plan) => await PostAsync(carol, "/api/v1/plans", plan);

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<string> StateAsync(HttpClient client, string account) =>
        Text((await Shop.GetAsync(client, $"/api/v1/customers/{account}/subscriptions")).GetProperty("subscriptions")[0], "state");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    private static Task<List<string>> ChargesAsync(World world) => world.UseAsync<BillingSteps, List<string>>(steps => steps.ReadAsync(async db =>
        (await db.Charges.AsNoTracking().ToListAsync()).OrderBy(c => c.OccurredAt).ThenBy(c => c.Kind is ChargeKind.Seats).ThenBy(c => c.Quantity > 0).Select(c => c.Amount.In(c.Currency).ToString()).ToList()));
}
