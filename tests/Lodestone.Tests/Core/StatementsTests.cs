using System.Globalization;
using System.Runtime.CompilerServices;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Core;

public sealed class StatementsTests
{
    [Fact]
    public async Task Each_commit_survives_what_it_says_whatever_came_before()
    {
        await using var server = await TestServer.StartAsync();
        var database = server.Services.GetRequiredService<Database>();
        var (survives, dies) = database.IsPostgres ? ("on", "off") : ("2", "1");

        foreach (var (number, durability) in ((Durability[])[Durability.Disk, Durability.Process, Durability.Process, Durability.Disk, Durability.Process, Durability.Disk]).Index())
        {
            var question = database.IsPostgres ? "show synchronous_commit" : string.Create(CultureInfo.InvariantCulture, $"pragma synchronous /* {number} */"); // compiled anew each time
            var level = await database.WriteAsync(
                DatabaseFile.Billing,
                durability,
                sql => sql.FindAsync(FormattableStringFactory.Create(question), row => row.GetValue(0).ToString() ?? "", CancellationToken.None),
                CancellationToken.None);

            Assert.Equal(durability is Durability.Disk ? survives : dies, level);
        }
    }

    [Fact]
    public async Task What_fails_half_way_is_undone_and_the_next_goes_on()
    {
        await using var server = await TestServer.StartAsync();
        var database = server.Services.GetRequiredService<Database>();
        var id = Guid.CreateVersion7();
        Task<int> Insert(Statements sql) => sql.ExecuteAsync($"insert into billing_product (id, name, seller_id, seen_at) values ({id}, {"a/b"}, {id}, {database.Instant(DateTimeOffset.UnixEpoch)})", CancellationToken.None);

        await Assert.ThrowsAsync<Refusal>(() => database.WriteAsync(
            DatabaseFile.Billing,
            Durability.Disk,
            async sql => await Insert(sql) == 1 ? throw new Refusal(RefusalCode.NotFound, "no") : 0,
            CancellationToken.None));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => database.WriteAsync(
            DatabaseFile.Billing,
            Durability.Process,
            async sql => await Insert(sql) + await Insert(sql),
            CancellationToken.None));

        Assert.Equal(1, await database.WriteAsync(DatabaseFile.Billing, Durability.Disk, Insert, CancellationToken.None));
    }
}
