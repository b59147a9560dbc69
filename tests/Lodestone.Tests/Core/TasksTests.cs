using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Core;

public sealed class TasksTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task A_task_is_claimed_by_one_owner_only()
    {
        await using var server = await TestServer.StartAsync();
        var tasks = server.Services.GetRequiredService<Tasks>();
        await tasks.ScheduleAsync("repack", "repo-1", server.Clock.GetUtcNow(), new { }, CancellationToken.None);

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => tasks.ClaimAsync(["repack"], Guid.CreateVersion7(), Lease, 10, CancellationToken.None)));

        Assert.Single(claims.SelectMany(c => c));
    }

    [Fact]
    public async Task An_owner_that_lost_its_lease_can_write_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var tasks = server.Services.GetRequiredService<Tasks>();
        await tasks.ScheduleAsync("repack", "repo-1", server.Clock.GetUtcNow(), new { }, CancellationToken.None);
        var first = Assert.Single(await tasks.ClaimAsync(["repack"], Guid.CreateVersion7(), Lease, 1, CancellationToken.None));
        server.Clock.Advance(Lease + TimeSpan.FromSeconds(1));

        var second = Assert.Single(await tasks.ClaimAsync(["repack"], Guid.CreateVersion7(), Lease, 1, CancellationToken.None));

        Assert.False(await tasks.RenewAsync(first, Lease, CancellationToken.None));
        Assert.False(await tasks.FinishAsync(first, nextDue: null, error: null, CancellationToken.None));
        Assert.True(await tasks.RenewAsync(second, Lease, CancellationToken.None));
    }

    [Fact]
    public async Task Scheduling_again_keeps_one_task_and_the_earlier_time()
    {
        await using var server = await TestServer.StartAsync();
        var tasks = server.Services.GetRequiredService<Tasks>();
        var now = server.Clock.GetUtcNow();
        await tasks.ScheduleAsync("repack", "repo-1", now, new { }, CancellationToken.None);
        await tasks.ScheduleAsync("repack", "repo-1", now + TimeSpan.FromHours(1), new { Depth = 2 }, CancellationToken.None);

        var claimed = Assert.Single(await tasks.ClaimAsync(["repack"], Guid.CreateVersion7(), Lease, 10, CancellationToken.None));

        Assert.Contains("\"depth\"", claimed.Payload, StringComparison.Ordinal);
        Assert.Equal(now, claimed.DueAt);
    }

    [Fact]
    public async Task A_due_task_is_run_and_a_failing_one_is_tried_again()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton<Runs>().AddTaskHandler<Counting>("count"));
        var runs = server.Services.GetRequiredService<Runs>();

        await server.Services.GetRequiredService<Tasks>().ScheduleAsync("count", "a", server.Clock.GetUtcNow(), new { }, CancellationToken.None);

        await Eventually.TrueAsync(() =>
        {
            server.Clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(runs.Count >= 2);
        });
    }

    internal sealed class Runs
    {
        public int Count { get; set; }
    }

    internal sealed class Counting(Runs runs) : ITaskHandler
    {
        public Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
        {
            runs.Count++;
            return runs.Count == 1 ? throw new InvalidOperationException("first time") : Task.FromResult<DateTimeOffset?>(null);
        }
    }
}
