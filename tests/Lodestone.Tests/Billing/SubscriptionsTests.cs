using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

/// <summary>Plans with seats, acted out over HTTP: the numbers are computed by hand.</summary>
public sealed class SubscriptionsTests
{
    private const string Acme = "/api/v1/customers/acme/subscriptions";
    private const string Alice = "/api/v1/customers/alice/subscriptions";

    [Fact]
    public async Task An_organization_subscribes_grows_upgrades_and_downgrades_and_every_amount_is_exact()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await PublishAsync(carol, new { code = "team", name = "Team", perSeat = "20.00", includedCredit = "2", isPerSeat = true });
        await PublishAsync(carol, new { code = "scale", name = "Scale", perSeat = "50.00" });
        Assert.Equal((402, "payment_required"), await Shop.RefusedAsync(alice.PostAsJsonAsync(Acme, new { plan = "team" })));
        await PostpaidAsync(world, world.Acme.Id, calendar);

        var team = await PostAsync(alice, Acme, new { plan = "team" });
        Assert.Equal(("active", 2L, "2026-03-02", "2026-04-02"), (Text(team, "state"), team.GetProperty("seats").GetInt64(), Text(team, "periodStart"), Text(team, "periodEnd")));
        Assert.Equal("4", Text(await Shop.GetAsync(alice, "/api/v1/customers/acme/wallet"), "balance"));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(alice.PostAsJsonAsync(Acme, new { plan = "scale" })));

        calendar.Set(new DateTimeOffset(2026, 3, 17, 12, 0, 0, TimeSpan.Zero));
        var one = $"{Acme}/{Text(team, "id")}";
        var preview = await PostAsync(alice, $"{one}:preview", new { plan = "scale" });
        Assert.Equal(["-20.645161290323", "51.612903225806"], preview.GetProperty("lines").EnumerateArray().Select(l => Text(l, "amount")));
        Assert.Equal("30.967741935483", Text(preview, "total"));
        await PostAsync(alice, $"{one}:change", new { plan = "scale" });
        Assert.Equal("1.935483870968", Text(await Shop.GetAsync(alice, "/api/v1/customers/acme/wallet"), "balance")); // 15 of 31 days are earned
        using var joined = await alice.PutAsJsonAsync("/api/organizations/acme/members/carol/role", new { role = "read" });
        joined.EnsureSuccessStatusCode();
        await Eventually.TrueAsync(async () => (await ChargesAsync(world)).Count == 4);
        Assert.Equal(["40", "-20.645161290323", "51.612903225806", "25.806451612904"], await ChargesAsync(world));

        var later = await PostAsync(alice, $"{one}:change", new { plan = "team" });
        Assert.Equal(("scale", "team", "2026-04-02"), (Text(later, "plan"), Text(later, "nextPlan"), Text(later, "changesOn")));
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
        Assert.Equal("-58", (await ChargesAsync(world))[^1]); // the day was used
        await SoundAsync(world, calendar);
    }

    [Fact]
    public async Task A_trial_that_nobody_can_pay_for_ends_and_one_that_somebody_can_goes_on_and_none_comes_twice()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 1, 31, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await PublishAsync(carol, new { code = "pro", perSeat = "9.00", trialDays = 14, includedCredit = "5" });
        await PostAsync(alice, "/api/v1/topups", new { amount = "15", provider = "test" });
        Assert.Equal("trialing", Text(await PostAsync(alice, Alice, new { plan = "pro" }), "state"));
        await PostAsync(alice, Acme, new { plan = "pro" });
        Assert.Equal("0", Text(await Shop.GetAsync(alice, "/api/v1/customers/acme/wallet"), "balance")); // a trial is of the plan, not of its credit

        calendar.Set(new DateTimeOffset(2026, 2, 14, 0, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => (await StateAsync(alice, "alice"), await StateAsync(alice, "acme")) == ("active", "canceled"));

        Assert.Equal(["9"], await ChargesAsync(world));
        Assert.Equal("11", Text(await Shop.GetAsync(alice, "/api/v1/customers/alice/wallet"), "balance")); // 6 of what was bought, 5 of the plan
        Assert.Equal((402, "payment_required"), await Shop.RefusedAsync(alice.PostAsJsonAsync(Acme, new { plan = "pro" })));
        await SoundAsync(world, calendar);
    }

    [Fact]
    public async Task A_plan_is_paused_resumed_and_moved_to_another_version_on_a_day()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await PublishAsync(carol, new { code = "solo", @base = "31.00" });
        await PostAsync(alice, "/api/v1/payment-methods", new { provider = "test" });
        var one = $"{Alice}/{Text(await PostAsync(alice, Alice, new { plan = "solo" }), "id")}";

        calendar.Set(new DateTimeOffset(2026, 3, 11, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal((422, "date_out_of_range"), await Shop.RefusedAsync(alice.PostAsJsonAsync($"{one}:pause", new { days = 91 })));
        var paused = await PostAsync(alice, $"{one}:pause", new { days = 9 });
        Assert.Equal(("paused", "2026-03-20"), (Text(paused, "state"), Text(paused, "resumesOn")));
        Assert.Equal(["31", "-20"], await ChargesAsync(world));
        calendar.Set(new DateTimeOffset(2026, 3, 20, 0, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => await StateAsync(alice, "alice") == "active");
        Assert.Equal("31", (await ChargesAsync(world))[^1]);

        using var version = await carol.PatchAsJsonAsync("/api/v1/plans/solo", new { @base = "62.00" });
        Assert.Equal((2L, "62"), await VersionAsync(version));
        Assert.Equal((422, "date_out_of_range"), await Shop.RefusedAsync(alice.PostAsJsonAsync($"{one}:change", new { plan = "solo", when = "2026-03-20" })));
        var moving = await PostAsync(alice, $"{one}:change", new { plan = "solo", when = "2026-03-30" });
        Assert.Equal((1L, "2026-03-30"), (moving.GetProperty("version").GetInt64(), Text(moving, "changesOn")));
        calendar.Set(new DateTimeOffset(2026, 3, 30, 0, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => (await Shop.GetAsync(alice, Alice)).GetProperty("subscriptions")[0].GetProperty("version").GetInt64() == 2);
        Assert.Equal(["-21", "42"], (await ChargesAsync(world))[^2..]);
        await SoundAsync(world, calendar);
    }

    [Fact]
    public async Task Members_see_the_plan_and_change_nothing_and_strangers_find_none()
    {
        await using var world = await World.CreateAsync();
        var (alice, bob, carol) = (world.As(world.Alice), world.As(world.Bob), world.As(world.Carol));
        await PublishAsync(carol, new { code = "team", perSeat = "20.00" });
        await PublishAsync(carol, new { code = "enterprise", perSeat = "50.00", isContract = true });
        await PostAsync(alice, "/api/v1/payment-methods", new { provider = "test", account = "acme" });
        var one = $"{Acme}/{Text(await PostAsync(alice, Acme, new { plan = "team" }), "id")}";

        Assert.Equal(1, (await Shop.GetAsync(bob, Acme)).GetProperty("subscriptions").GetArrayLength());
        foreach (var act in (string[])[":cancel", ":change", ":preview", ":pause", ":resume"])
        {
            Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(bob.PostAsJsonAsync(one + act, new { plan = "team", when = "now" })));
        }

        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(bob.GetAsync(Alice)));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(bob.GetAsync("/api/v1/customers/alice/grants")));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(alice.PostAsJsonAsync("/api/v1/plans", new { code = "free" })));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(alice.PatchAsJsonAsync("/api/v1/plans/team", new { perSeat = "0" })));
        Assert.Equal((409, "conflict"), await Shop.RefusedAsync(carol.PostAsJsonAsync("/api/v1/plans", new { code = "team" })));
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

    private static async Task<(long Version, string Base)> VersionAsync(HttpResponseMessage answer)
    {
        var plan = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (plan.GetProperty("version").GetInt64(), Text(plan, "base"));
    }

    [Fact]
    public async Task What_is_paid_in_advance_is_invoiced_whole_and_once_with_the_next_minute()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 3, 2, 9, 0, 20, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        await PublishAsync(world.As(world.Carol), new { code = "team", name = "Team", perSeat = "20.00" });
        await PostpaidAsync(world, world.Acme.Id, calendar);
        await PostAsync(world.As(world.Alice), Acme, new { plan = "team" });
        var invoicing = world.Server.Services.GetRequiredService<Invoicing>();

        Assert.Equal(0, await invoicing.RunAsync(CancellationToken.None));
        calendar.Set(new DateTimeOffset(2026, 3, 2, 9, 1, 0, TimeSpan.Zero));
        await Eventually.TrueAsync(async () => await invoicing.RunAsync(CancellationToken.None) >= 0 && (await InvoicesAsync(world)).Count > 0);

        Assert.Equal(["40"], await InvoicesAsync(world));
    }

    private static Task<int> PostpaidAsync(World world, Guid accountId, TimeProvider clock) => world.UseAsync<BillingSteps, int>(steps => steps.WriteAsync(
        (db, cancel) =>
        {
            db.Customers.Add(new Customer { Id = accountId, Currency = Currency.Usd, TimeZone = "Etc/UTC", Funding = Funding.Postpaid, CreatedAt = clock.GetUtcNow() });
            return db.SaveChangesAsync(cancel);
        },
        CancellationToken.None));

    private static async Task SoundAsync(World world, Calendar calendar)
    {
        calendar.Advance(TimeSpan.FromMinutes(10)); // what was told a moment ago may not be charged yet, and is not compared
        var report = await world.UseAsync<ConservationChecks, ConservationReport>(checks => checks.RunAsync(CancellationToken.None));
        Assert.All(report.Checks, check => Assert.True(check.Holds, check.ToString()));
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    private static Task<List<string>> ChargesAsync(World world) => world.UseAsync<BillingSteps, List<string>>(steps => steps.ReadAsync(async db =>
        (await db.Charges.AsNoTracking().ToListAsync()).OrderBy(c => c.OccurredAt).ThenBy(c => c.Kind is ChargeKind.Seats).ThenBy(c => c.Amount.Units >= 0).Select(c => c.Amount.In(c.Currency).ToString()).ToList()));

    private static Task<List<string>> InvoicesAsync(World world) => world.UseAsync<BillingSteps, List<string>>(steps => steps.ReadAsync(async db =>
        (await db.Invoices.AsNoTracking().Where(i => i.Number != null).ToListAsync()).ConvertAll(i => i.Total.ToString())));
}
