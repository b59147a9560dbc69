using System.Net.Http.Json;
using Lodestone.Billing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

public sealed class AutoTopUpTests
{
    private const string Auto = "/api/v1/customers/alice/auto-topup";

    [Fact]
    public async Task A_low_balance_is_raised_one_payment_at_a_time_up_to_the_months_cap_and_failures_wait_longer_each_time()
    {
        var calendar = new Calendar(new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero));
        await using var world = await World.CreateAsync(services => services.AddSingleton<TimeProvider>(calendar));
        var (alice, bob) = (world.As(world.Alice), world.As(world.Bob));
        Assert.Equal((409, "no_payment_method"), await Shop.RefusedAsync(SetAsync(alice, "30", "20", "50")));
        await InvoiceWorld.PostAsync(alice, "/api/v1/payment-methods", new { provider = "test" });
        Assert.Equal((422, "amount_out_of_range"), await Shop.RefusedAsync(SetAsync(alice, "30", "20", "19")));
        Assert.Equal((422, "amount_out_of_range"), await Shop.RefusedAsync(SetAsync(alice, "30", "0.50", "19")));
        Assert.Equal((403, "forbidden"), await Shop.RefusedAsync(bob.PutAsJsonAsync("/api/v1/customers/acme/auto-topup", new { threshold = "1", amount = "1", monthlyCap = "1" })));
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(bob.GetAsync(Auto)));
        (await SetAsync(alice, "30", "20", "50")).EnsureSuccessStatusCode().Dispose();

        await BalanceAsync(world, calendar, "20");
        await BalanceAsync(world, calendar, "40");
        (await SetAsync(alice, "100", "20", "50")).EnsureSuccessStatusCode().Dispose();
        await AlertAsync(world, calendar, "automatic top-ups have reached their 50 USD of this month");
        Assert.Equal("40", await BalanceAsync(alice));

        calendar.Set(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));
        (await SetAsync(alice, "100", "20.02", "500")).EnsureSuccessStatusCode().Dispose(); // declined, as all that end in .02
        await FailuresAsync(alice, calendar, TimeSpan.FromMinutes(1), 1);
        await AlertAsync(world, calendar, "An automatic top-up of 20.02 USD failed");
        await FailuresAsync(alice, calendar, TimeSpan.FromHours(1), 2);
        var waiting = await Shop.GetAsync(alice, Auto);
        Assert.True(waiting.GetProperty("notBefore").GetDateTimeOffset() > calendar.GetUtcNow() + TimeSpan.FromHours(5));
        (await SetAsync(alice, "45", "20", "500")).EnsureSuccessStatusCode().Dispose();
        await BalanceAsync(world, calendar, "60");

        (await alice.DeleteAsync(Auto)).EnsureSuccessStatusCode().Dispose();
        Assert.Equal((404, "not_found"), await Shop.RefusedAsync(alice.GetAsync(Auto)));
    }

    private static Task<HttpResponseMessage> SetAsync(HttpClient client, string threshold, string amount, string monthlyCap) => client.PutAsJsonAsync(Auto, new { threshold, amount, monthlyCap });

    private static async Task BalanceAsync(World world, Calendar calendar, string expected)
    {
        calendar.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(async () => await BalanceAsync(world.As(world.Alice)) == expected);
    }

    private static async Task<string> BalanceAsync(HttpClient client) => (await Shop.GetAsync(client, "/api/v1/wallet")).GetProperty("balance").GetString() ?? "";

    private static async Task FailuresAsync(HttpClient client, Calendar calendar, TimeSpan after, long failures)
    {
        calendar.Advance(after);
        await Eventually.TrueAsync(async () => (await Shop.GetAsync(client, Auto)).GetProperty("failures").GetInt64() == failures);
    }

    private static async Task AlertAsync(World world, Calendar calendar, string title)
    {
        calendar.Advance(TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(() => world.UseAsync<BillingSteps, bool>(steps => steps.ReadAsync(db => db.Alerts.AnyAsync(a => a.AccountId == world.Alice.Id && a.Title.Contains(title)))));
    }
}
