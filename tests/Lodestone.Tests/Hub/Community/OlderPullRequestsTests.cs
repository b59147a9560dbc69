using Microsoft.Data.Sqlite;

namespace Lodestone.Tests.Hub.Community;

public sealed class OlderPullRequestsTests
{
    [Fact]
    public async Task Pull_requests_of_before_become_discussions_with_their_description_as_first_comment()
    {
        await using var database = new SqliteConnection("Data Source=:memory:;Foreign Keys=True");
        await database.OpenAsync();
        foreach (var file in new[] { "0001-repositories.sql", "0006-pull-requests.sql" })
        {
            await RunAsync(database, Schema(file));
        }

        var (repo, author) = (Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString().ToUpperInvariant(), Guid.CreateVersion7(DateTimeOffset.UnixEpoch).ToString().ToUpperInvariant());
        await RunAsync(database, $"insert into hub_repo (id, type, owner_id, owner_name, name, path_lower, is_private, created_by, created_at, updated_at) values ('{repo}', 'model', '{author}', 'alice', 'a', 'alice/a', 0, '{author}', 1, 1)");
        await RunAsync(database, $"insert into hub_pull_request values ('{repo}', 1, 'First', 'Because', '{author}', 'refs/heads/main', 7), ('{repo}', 2, 'Second', '', '{author}', 'refs/heads/v2', 8)");
        await RunAsync(database, Schema("0020-discussions.sql"));
        await RunAsync(database, Schema("0021-older-pull-requests.sqlite.sql"));

        Assert.Equal(
            ["1 First first open refs/heads/main 7 1 1 1 comment Because", "2 Second second open refs/heads/v2 8 1 1 1 comment "],
            await ReadAsync(database, "select d.number, d.title, d.title_lower, d.status, d.base, d.created_at, d.events, d.comments, e.position, e.kind, c.text from hub_discussion d join hub_discussion_event e on e.discussion_id = d.id join hub_comment c on c.id = e.id order by d.number"));
        Assert.All(await ReadAsync(database, "select id from hub_discussion union all select id from hub_comment"), id => Assert.EndsWith("00000000", Guid.Parse(id).ToString(), StringComparison.Ordinal));
        Assert.Empty(await ReadAsync(database, "select name from sqlite_master where name = 'hub_pull_request'"));
    }

    private static string Schema(string file)
    {
        using var reader = new StreamReader(typeof(Lodestone.Hub.HubModule).Assembly.GetManifestResourceStream($"Schema/{file}")!);
        return reader.ReadToEnd();
    }

    private static async Task RunAsync(SqliteConnection database, string sql)
    {
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(SqliteConnection database, string sql)
    {
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        await using var rows = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await rows.ReadAsync())
        {
            found.Add(string.Join(' ', Enumerable.Range(0, rows.FieldCount).Select(i => rows.IsDBNull(i) ? "" : rows.GetString(i))));
        }

        return found;
    }
}
