using System.Net;
using Lodestone.Billing;
using Lodestone.Tests.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Billing;

public sealed class PlanPagesTests
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Plans_stand_side_by_side_and_one_is_chosen_after_its_cost_was_seen_and_given_up_on_the_billing_page()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new BillingOptions { Edition = BillingEdition.Commercial }));
        await world.Server.JoinAsync("dave", Password);
        using var dave = await world.Server.SignedInAsync("dave", Password);

        var plans = await dave.OpenAsync("/plans");
        Assert.Equal(["Free", "Team", "Enterprise"], plans.Document.QuerySelectorAll(".card__head h2").Select(h => h.TextContent));
        Assert.Equal("yours", plans.Text(".card .badge"));
        Assert.Contains("$20.00 a person and month", plans.Html, StringComparison.Ordinal);

        var quote = await dave.OpenAsync("/plans?plan=team");
        Assert.Equal("$20.00", quote.Text("tbody tr strong"));
        var unpaid = await dave.SendAsync(quote, "choose-plan");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unpaid.Status);
        Assert.Contains("This costs 20.00 USD today", unpaid.Html, StringComparison.Ordinal);

        await dave.SendAsync(await dave.OpenAsync("/billing"), "top-up", ("amount", "25"), ("provider", "test"));
        var chosen = await dave.SendAsync(await dave.OpenAsync("/plans?plan=team"), "choose-plan");
        Assert.Equal(HttpStatusCode.Redirect, chosen.Status);
        plans = await dave.OpenAsync("/plans");
        Assert.Equal("active", plans.Text(".card .badge"));

        var billing = await dave.OpenAsync("/billing");
        Assert.Contains("$7.00", billing.Text(".tile__value"), StringComparison.Ordinal); // 5 of what was bought, 2 of the plan
        await dave.SendAsync(billing, "plan-acts", ("act", "cancel"));
        billing = await dave.OpenAsync("/billing");
        Assert.Contains("ends with its period", billing.Html, StringComparison.Ordinal);
        await dave.SendAsync(billing, "plan-acts", ("act", "resume"));
        Assert.Contains("The plan goes on.", (await dave.OpenAsync("/billing")).Html, StringComparison.Ordinal);
    }
}
