using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Finds repositories by the words of their files: FTS5 on SQLite, <c>tsvector</c> on PostgreSQL. A repository fits when each asked
/// word begins one of its words. It knows nothing of who may see what: whoever asks narrows the answer by <see cref="RepoCatalogue"/>.
/// </summary>
internal sealed class FullText(Database database)
{
    public async Task<HashSet<Guid>> FindAsync(IReadOnlyList<string> words, CancellationToken cancel)
    {
        var found = new HashSet<Guid>();
        if (words.Count == 0)
        {
            return found;
        }

        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select repo_id from hub_search_text where words @@ cast({string.Join(" & ", words.Select(w => $"'{w}':*"))} as tsquery)")
            : connection.Command($"select repo_id from hub_search_text join hub_search_doc on doc = hub_search_text.rowid where hub_search_text match {string.Join(" AND ", words.Select(w => $"\"{w}\"*"))}");
        await using var rows = await command.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            found.Add(rows.GetGuid(0));
        }

        return found;
    }

    /// <summary>Which files the words of a repository are from; null when it has none.</summary>
    public async Task<string?> SourceAsync(Guid repoId, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select source from hub_search_text where repo_id = {repoId}")
            : connection.Command($"select source from hub_search_doc where repo_id = {repoId}");
        return await command.ExecuteScalarAsync(cancel) as string;
    }

    /// <summary>Repositories that have no words yet.</summary>
    public async Task<IReadOnlyList<Guid>> MissingAsync(int limit, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = database.IsPostgres
            ? connection.Command($"select id from hub_repo r where not exists (select 1 from hub_search_text t where t.repo_id = r.id) limit {limit}")
            : connection.Command($"select id from hub_repo r where not exists (select 1 from hub_search_doc d where d.repo_id = r.id) limit {limit}");
        await using var rows = await command.ExecuteReaderAsync(cancel);
        var missing = new List<Guid>();
        while (await rows.ReadAsync(cancel))
        {
            missing.Add(rows.GetGuid(0));
        }

        return missing;
    }

    /// <summary>Puts these words in the place of those that the repository had; nothing when it is gone.</summary>
    public Task<bool> SetAsync(Guid repoId, string source, IReadOnlyCollection<string> words, CancellationToken cancel) =>
        database.WriteAsync(
            DatabaseFile.Main,
            Durability.Process,
            statements => database.IsPostgres ? SetPostgresAsync(statements, repoId, source, words, cancel) : SetSqliteAsync(statements, repoId, source, words, cancel),
            cancel);

    private static async Task<bool> SetPostgresAsync(Statements statements, Guid repoId, string source, IReadOnlyCollection<string> words, CancellationToken cancel) =>
        await statements.ExecuteAsync(
            $"""
            insert into hub_search_text (repo_id, source, words) select id, {source}, array_to_tsvector({words.ToArray()}) from hub_repo where id = {repoId}
            on conflict (repo_id) do update set source = excluded.source, words = excluded.words
            """,
            cancel) == 1;

    private static async Task<bool> SetSqliteAsync(Statements statements, Guid repoId, string source, IReadOnlyCollection<string> words, CancellationToken cancel)
    {
        var isKept = await statements.ExecuteAsync(
            $"""
            insert into hub_search_doc (repo_id, source) select id, {source} from hub_repo where id = {repoId}
            on conflict (repo_id) do update set source = excluded.source
            """,
            cancel) == 1;
        if (isKept)
        {
            await statements.ExecuteAsync($"delete from hub_search_text where rowid = (select doc from hub_search_doc where repo_id = {repoId})", cancel);
            await statements.ExecuteAsync($"insert into hub_search_text (rowid, words) select doc, {string.Join(' ', words)} from hub_search_doc where repo_id = {repoId}", cancel);
        }

        return isKept;
    }
}
