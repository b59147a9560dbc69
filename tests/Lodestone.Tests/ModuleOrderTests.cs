using System.Reflection;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Hub;
using Lodestone.Identity;
using Lodestone.Ui;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests;

/// <summary>Ask down, announce up. Project references already keep the order; this says so in one place and guards the tables.</summary>
[NoDatabase]
public sealed class ModuleOrderTests
{
    private static readonly Assembly[] LowestFirst =
    [
        typeof(CoreModule).Assembly, typeof(UiModule).Assembly, typeof(IdentityModule).Assembly, typeof(BillingModule).Assembly,
        typeof(HubModule).Assembly, typeof(ComputeModule).Assembly, typeof(GatewayModule).Assembly,
    ];

    public static TheoryData<int> Places => [.. Enumerable.Range(0, LowestFirst.Length)];

    [Theory]
    [MemberData(nameof(Places))]
    public void A_module_refers_only_to_lower_ones(int place)
    {
        var lower = LowestFirst[..place].Select(a => a.GetName().Name);

        var referred = LowestFirst[place].GetReferencedAssemblies().Select(a => a.Name).Where(name => name!.StartsWith("Lodestone.", StringComparison.Ordinal)); // assemblies have names

        Assert.Empty(referred.Except(lower));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_modules_tables_are_its_own(int place)
    {
        var contexts = LowestFirst[place].GetTypes().Where(t => t.IsSubclassOf(typeof(DbContext)) && !t.IsAbstract);

        Assert.All(contexts, context => Assert.False(context.IsPublic, $"{context} is public: another module could read its tables."));
    }
}
