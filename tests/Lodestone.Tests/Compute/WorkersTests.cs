using System.Diagnostics;
using System.IO.Pipelines;
using Lodestone.Compute;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Compute;

public sealed class WorkersTests
{
    [Fact]
    public async Task A_model_that_many_ask_for_is_loaded_once()
    {
        await using var server = await TestServer.StartAsync();
        var model = await StoreAsync(server, DemoModel.Chat);

        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AcquireAsync(server, model)));

        Assert.Single(leases.Select(l => l.ProcessId).Distinct());
        Assert.All(leases, lease => Assert.Equal(512, lease.ContextLength));
    }

    [Theory]
    [InlineData("This is no GGUF file.", 0)]
    [InlineData(null, 4096)]
    [InlineData(null, 1_000_000)]
    public async Task A_file_that_is_no_whole_model_is_refused_with_the_reason_and_the_server_lives(string? text, int length)
    {
        await using var server = await TestServer.StartAsync();
        var bytes = text is null ? File.ReadAllBytes(DemoModel.Chat)[..length] : System.Text.Encoding.UTF8.GetBytes(text);
        var broken = await StoreAsync(server, new MemoryStream(bytes));

        var refusal = await Assert.ThrowsAsync<Refusal>(() => AcquireAsync(server, broken));
        var again = await Assert.ThrowsAsync<Refusal>(() => AcquireAsync(server, broken));

        Assert.Equal("model_unloadable", refusal.Code.Code);
        Assert.StartsWith("The model cannot be loaded: ", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(refusal.Message, again.Message);
        await using var lease = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));
        Assert.True((await lease.Http.GetAsync(new Uri("health", UriKind.Relative))).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_killed_worker_is_restarted_under_its_lease()
    {
        await using var server = await TestServer.StartAsync();
        await using var lease = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));
        var first = lease.ProcessId;

        Kill(first);

        Assert.True(await lease.FailOverAsync(CancellationToken.None));
        Assert.NotEqual(first, lease.ProcessId);
        Assert.True((await lease.Http.GetAsync(new Uri("health", UriKind.Relative))).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_lease_does_not_leave_a_worker_that_lives()
    {
        await using var server = await TestServer.StartAsync();
        await using var lease = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));

        Assert.False(await lease.FailOverAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_worker_that_keeps_crashing_is_left_alone_for_a_minute()
    {
        await using var server = await TestServer.StartAsync();
        await using var lease = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));
        Kill(lease.ProcessId);
        await lease.FailOverAsync(CancellationToken.None);
        Kill(lease.ProcessId);
        var second = lease.FailOverAsync(CancellationToken.None);
        await AdvanceUntilAsync(server, TimeSpan.FromSeconds(1), second);
        Kill(lease.ProcessId);

        var refusal = await Assert.ThrowsAsync<Refusal>(() => lease.FailOverAsync(CancellationToken.None));

        Assert.Equal("model_suspended", refusal.Code.Code);
        Assert.Contains("crashed 3 times", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.RetryAfter!.Value, TimeSpan.FromSeconds(50), TimeSpan.FromMinutes(1));
        server.Clock.Advance(TimeSpan.FromMinutes(1));
        await lease.FailOverAsync(CancellationToken.None);
        Assert.True((await lease.Http.GetAsync(new Uri("health", UriKind.Relative))).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_model_that_nobody_calls_leaves_memory_and_one_in_use_stays()
    {
        await using var server = await TestServer.StartAsync();
        var idle = await AcquireAsync(server, await StoreAsync(server, DemoModel.Base));
        await using var used = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));
        var idleProcess = idle.ProcessId;
        await idle.DisposeAsync();

        await Eventually.TrueAsync(() =>
        {
            server.Clock.Advance(TimeSpan.FromMinutes(6));
            return Task.FromResult(!IsAlive(idleProcess));
        });

        Assert.True(IsAlive(used.ProcessId));
    }

    [Fact]
    public async Task The_model_that_was_idle_longest_makes_room()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton(new ComputeOptions { LoadedAtMost = 1 }));
        var chat = await StoreAsync(server, DemoModel.Chat);
        var first = await AcquireAsync(server, await StoreAsync(server, DemoModel.Base));

        var refusal = await Assert.ThrowsAsync<Refusal>(() => AcquireAsync(server, chat));
        await first.DisposeAsync();
        await using var second = await AcquireAsync(server, chat);

        Assert.Equal("overloaded", refusal.Code.Code);
        Assert.False(IsAlive(first.ProcessId));
        Assert.True(IsAlive(second.ProcessId));
    }

    [Fact]
    public async Task Workers_end_with_their_server()
    {
        var server = await TestServer.StartAsync();
        var lease = await AcquireAsync(server, await StoreAsync(server, DemoModel.Chat));
        var process = lease.ProcessId;

        await server.DisposeAsync();

        Assert.False(IsAlive(process));
    }

    private static Task<WorkerLease> AcquireAsync(TestServer server, ServableModel model) =>
        server.Services.GetRequiredService<Workers>().AcquireAsync(model, CancellationToken.None);

    private static async Task<ServableModel> StoreAsync(TestServer server, string file)
    {
        await using var content = File.OpenRead(file);
        return await StoreAsync(server, content);
    }

    private static async Task<ServableModel> StoreAsync(TestServer server, Stream content)
    {
        var blob = await server.Services.GetRequiredService<IBlobStore>().WriteAsync(PipeReader.Create(content), null, null, CancellationToken.None);
        return new ServableModel(Guid.CreateVersion7(), Guid.CreateVersion7(), "acme/model", "main", "model.gguf", blob.Digest, blob.Size, server.Clock.GetUtcNow());
    }

    private static async Task AdvanceUntilAsync(TestServer server, TimeSpan step, Task done) => await Eventually.TrueAsync(() =>
    {
        server.Clock.Advance(step);
        return Task.FromResult(done.IsCompleted);
    });

    private static void Kill(int processId)
    {
        using var process = Process.GetProcessById(processId);
        process.Kill();
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
