using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Core;

public sealed class OutboxTests
{
    [Fact]
    public async Task A_published_event_reaches_its_handler_and_leaves_the_outbox()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton<Heard>().AddEventHandler<Rang, Listener>());

        await PublishAsync(server, new Rang("one"));

        await Eventually.TrueAsync(async () => server.Services.GetRequiredService<Heard>().Texts.Contains("one") && await WaitingAsync(server) == 0);
    }

    [Fact]
    public async Task An_event_whose_handler_fails_comes_again()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton<Heard>().AddEventHandler<Rang, Listener>());
        var heard = server.Services.GetRequiredService<Heard>();
        heard.FailuresLeft = 1;

        await PublishAsync(server, new Rang("two"));
        await Eventually.TrueAsync(() => Task.FromResult(heard.FailuresLeft == 0));
        Assert.Equal(1, await WaitingAsync(server));
        server.Clock.Advance(TimeSpan.FromMinutes(2));

        await Eventually.TrueAsync(() => Task.FromResult(heard.Texts.Contains("two")));
    }

    [Fact]
    public async Task Of_several_events_about_one_subject_a_handler_may_hear_only_the_last()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton<Heard>().AddEventHandler<Rang, Listener>(lastOf: e => e.Text[0]));

        await PublishAsync(server, new Rang("door 1"), new Rang("phone 1"), new Rang("door 2"), new Rang("door 3"));

        await Eventually.TrueAsync(async () => await WaitingAsync(server) == 0);
        Assert.Equal(["door 3", "phone 1"], server.Services.GetRequiredService<Heard>().Texts.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_event_of_an_abandoned_save_never_goes_out()
    {
        await using var server = await TestServer.StartAsync(services => services.AddSingleton<Heard>().AddEventHandler<Rang, Listener>());

        await using var db = server.Services.GetRequiredService<CoreDbs>().Open(DatabaseFile.Main);
        db.Publish(new Rang("three"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => db.WriteAsync<int>(
            async cancel =>
            {
                await db.SaveChangesAsync(cancel);
                throw new InvalidOperationException("changed my mind");
            },
            CancellationToken.None));

        Assert.Equal(0, await WaitingAsync(server));
    }

    private static async Task PublishAsync(TestServer server, params Rang[] happened)
    {
        await using var db = server.Services.GetRequiredService<CoreDbs>().Open(DatabaseFile.Main);
        Array.ForEach(happened, db.Publish);
        await db.SaveChangesAsync();
    }

    private static async Task<long> WaitingAsync(TestServer server)
    {
        await using var connection = await server.Services.GetRequiredService<Database>().OpenAsync(DatabaseFile.Main, CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from core_outbox";
        return (long)(await command.ExecuteScalarAsync())!; // count is never null
    }

    internal sealed record Rang(string Text);

    internal sealed class Heard
    {
        public ConcurrentBag<string> Texts { get; } = [];

        public int FailuresLeft { get; set; }
    }

    internal sealed class Listener(Heard heard) : IEventHandler<Rang>
    {
        public Task HandleAsync(Guid eventId, Rang happened, CancellationToken cancel)
        {
            if (heard.FailuresLeft > 0)
            {
                heard.FailuresLeft--;
                throw new InvalidOperationException("not now");
            }

            heard.Texts.Add(happened.Text);
            return Task.CompletedTask;
        }
    }
}
