using System.Data.Common;
using System.Globalization;
using System.Text;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Rows of many models without files, as unevenly spread as on real hubs, written straight into the database; what they are follows from their number.</summary>
internal sealed class SeededRepos(World world, int count)
{
    private const int AtOnce = 500;

    private static readonly string[] Tasks = ["text-generation", "text-classification", "fill-mask", "image-classification", "automatic-speech-recognition", "translation", "summarization", "feature-extraction"];
    private static readonly string[] Libraries = ["transformers", "peft", "diffusers", "sentence-transformers", "gguf", "timm"];
    private static readonly string[] Licenses = ["apache-2.0", "mit", "other", "llama3.1", "cc-by-nc-4.0", "gemma", "openrail", "bsd-3-clause"];
    private static readonly string[] Languages = ["en", "zh", "fr", "de", "es", "ja", "ru", "pt", "ko", "it", "ar", "hi"];
    private static readonly string[] Words = ["robust", "efficient", "tuned", "distilled", "chat", "instruct", "vision", "medical", "legal", "code", "math", "story", "poetry", "finance", "travel", "weather"];

    private Database Database => world.Server.Services.GetRequiredService<Database>();

    public static string Task(int i) => Pick(Tasks, i, 3);

    public static string License(int i) => Pick(Licenses, i, 7);

    public static string Language(int i) => Pick(Languages, i, 11);

    public static bool IsPrivate(int i) => i % 10 == 0;

    public async Task SeedAsync()
    {
        await using var connection = await Database.OpenAsync(DatabaseFile.Main, CancellationToken.None);
        for (var first = 0; first < count; first += AtOnce)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            var numbers = Enumerable.Range(first, Math.Min(AtOnce, count - first)).ToList();
            await InsertAsync(connection, "hub_repo (id, type, owner_id, owner_name, name, path_lower, is_private, created_by, created_at, updated_at, downloads, likes, trend, pipeline_tag, library_name, is_servable, parameters)", numbers.Select(Repo));
            await InsertAsync(connection, "hub_repo_tag (repo_id, tag)", numbers.SelectMany(i => Tags(i).Distinct(StringComparer.Ordinal).Select(t => $"({Id(i)}, '{t}')")));
            await InsertAsync(connection, "hub_stored_facts (repo_id, commit_id, facts)", numbers.Select(i => $"({Id(i)}, '{new string('0', 40)}', '{Facts(i)}')"));
            if (Database.IsPostgres)
            {
                await InsertAsync(connection, "hub_search_text (repo_id, source, words)", numbers.Select(i => $"({Id(i)}, '', to_tsvector('simple', '{Text(i)}'))"));
            }
            else
            {
                await InsertAsync(connection, "hub_search_doc (doc, repo_id, source)", numbers.Select(i => $"({i + 1}, {Id(i)}, '')"));
                await InsertAsync(connection, "hub_search_text (rowid, words)", numbers.Select(i => $"({i + 1}, '{Text(i)}')"));
            }

            await transaction.CommitAsync();
        }
    }

    private static async Task InsertAsync(DbConnection connection, string into, IEnumerable<string> rows)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = new StringBuilder("insert into ").Append(into).Append(" values ").AppendJoin(',', rows).ToString();
        await command.ExecuteNonQueryAsync();
    }

    private static string Id(int i) => string.Create(CultureInfo.InvariantCulture, $"'{i:X8}-0000-7000-8000-{i:X12}'");

    private string Repo(int i)
    {
        var owner = IsPrivate(i) ? world.Alice : world.Bob;
        var at = Database.IsPostgres ? "'2026-01-01T00:00:00Z'" : "1767225600000000";
        var by = $"'{owner.Id.ToString().ToUpperInvariant()}'";
        var (yes, no) = Database.IsPostgres ? ("true", "false") : ("1", "0");
        var name = $"{Pick(Words, i, 13)}-{Pick(Words, i, 17)}-{i}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"({Id(i)}, 'model', {by}, '{owner.Name}', '{name}', '{owner.Name}/{name}', {(IsPrivate(i) ? yes : no)}, {by}, {at}, {at}, {Spread(i, 19) % 100_000}, {Spread(i, 23) % 5_000}, {Spread(i, 29) % 1_000_000}, '{Task(i)}', '{Pick(Libraries, i, 5)}', {(i % 50 == 0 ? yes : no)}, {(long)(1 + (Spread(i, 31) % 200)) * 500_000_000})");
    }

    private static IEnumerable<string> Tags(int i) =>
    [
        Task(i), Pick(Libraries, i, 5), $"license:{License(i)}", Language(i), $"card:language:{Language(i)}", "region:us", "safetensors", i % 3 == 0 ? "gguf" : "pytorch",
        $"base_model:bob/base-{Spread(i, 37) % 500}", $"base_model:finetune:bob/base-{Spread(i, 37) % 500}", $"dataset:bob/words-{Spread(i, 41) % 300}", Pick(Words, i, 43),
    ];

    private static string Facts(int i) => $$"""{"tags":[{{string.Join(',', Tags(i).Distinct(StringComparer.Ordinal).Select(t => $"\"{t}\""))}}],"pipelineTag":"{{Task(i)}}","libraryName":"{{Pick(Libraries, i, 5)}}"}""";

    private static string Text(int i) => string.Join(' ', Enumerable.Range(0, 60).Select(k => k < 20 ? Pick(Words, i, 47 + k) : $"w{Spread(i, 101 + k) % 20_000}").Distinct(StringComparer.Ordinal));

    // Half of all have the first value, half of the rest the second, and so on.
    private static string Pick(string[] values, int i, int salt)
    {
        var number = Spread(i, salt);
        return values[Math.Min(uint.TrailingZeroCount(number | 0x8000_0000), (uint)values.Length - 1)];
    }

    private static uint Spread(int i, int salt)
    {
        var number = unchecked(((uint)i * 2654435761u) ^ ((uint)salt * 40503u * 2246822519u));
        number ^= number >> 15;
        number = unchecked(number * 2246822519u);
        number ^= number >> 13;
        number = unchecked(number * 3266489917u);
        return number ^ (number >> 16);
    }
}
