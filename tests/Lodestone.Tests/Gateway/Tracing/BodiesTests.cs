using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Identity;
using Lodestone.Tests.Gateway.Remote;
using Lodestone.Tests.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Tests.Gateway.Tracing;

/// <summary>What is said in calls, and who finds it afterwards.</summary>
public sealed class BodiesTests(BodiesTests.ListeningWorld world) : IClassFixture<BodiesTests.ListeningWorld>
{
    private const string Password = "wander-by-compass-9";

    [Fact]
    public async Task By_default_nothing_that_is_said_is_in_the_database_in_a_file_or_in_a_log()
    {
        var secret = $"heron-{Guid.CreateVersion7():N}";
        foreach (var model in new[] { await world.SellAsync("good"), await world.SellAsync("broken"), await world.SellAsync("refuses"), await world.SellAsync("garbage-mid"), "acme/nothing" })
        {
            using var answer = await SayAsync(model, secret);
            await answer.Content.ReadAsStringAsync();
            using var wrong = await GatewayWorld.CallAsync(world.Alice, Body(model, secret, temperature: 9));
        }

        using var embedded = await world.Alice.PostAsJsonAsync("/v1/embeddings", new { model = "acme/good", input = secret });
        using var named = await SayAsync("acme/" + secret, "hello");
        await Eventually.TrueAsync(() => world.World.UseAsync<GatewayDb, bool>(async db => await db.LoggedCalls.AnyAsync(c => c.Model == "acme/" + secret)));

        Assert.Equal([], await FoundAsync(secret, exceptModel: true));
        Assert.DoesNotContain(world.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_account_that_chose_so_finds_what_was_said_sealed_for_so_long_and_nobody_else_does()
    {
        var secret = $"otter-{Guid.CreateVersion7():N}";
        var model = await world.SellAsync("good");
        using var tooLong = await world.Alice.PutAsJsonAsync("/api/v1/inference/bodies", new { keepDays = 91 });
        using var chosen = await world.Alice.PutAsJsonAsync("/api/v1/inference/bodies", new { keepDays = 7 });

        using var whole = await SayAsync(model, secret);
        using var streamed = await SayAsync(model, secret, stream: true);
        await streamed.Content.ReadAsStringAsync();
        var said = await FindAsync(whole);
        var stream = await FindAsync(streamed);
        using var bobs = await world.World.As(world.World.Bob).GetAsync(Address(whole));
        using var admins = await world.World.As(world.World.Carol).GetAsync(Address(whole));

        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.OK), (tooLong.StatusCode, chosen.StatusCode));
        Assert.Contains(secret, said.GetProperty("request").GetString(), StringComparison.Ordinal);
        Assert.Contains(ScriptedBackend.Text, said.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", stream.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (bobs.StatusCode, admins.StatusCode));
        Assert.Equal([], await FoundAsync(secret));
        using var one = await world.Alice.DeleteAsync(Address(whole));
        using var again = await world.Alice.GetAsync(Address(whole));
        world.World.Server.Clock.Advance(TimeSpan.FromDays(8));
        using var late = await world.Alice.GetAsync(Address(streamed));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (one.StatusCode, again.StatusCode, late.StatusCode));

        using var third = await SayAsync(model, secret);
        using var off = await world.Alice.PutAsJsonAsync("/api/v1/inference/bodies", new { keepDays = 0 });
        using var gone = await world.Alice.GetAsync(Address(third));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (off.StatusCode, gone.StatusCode));
        Assert.Equal(0, await world.World.UseAsync<GatewayDb, int>(db => db.KeptBodies.CountAsync()));
    }

    [Fact]
    public async Task The_choice_is_made_on_a_page_and_what_was_said_is_on_the_calls_page()
    {
        var model = await world.SellAsync("json");
        await world.World.Server.JoinAsync("gina", Password);
        using var gina = await world.World.Server.SignedInAsync("gina", Password);

        var wrong = await gina.SendAsync(await gina.OpenAsync("/inference/privacy"), "choose", ("keepDays", "many"));
        var saved = await gina.SendAsync(await gina.OpenAsync("/inference/privacy"), "choose", ("keepDays", "3"));
        var id = (await world.World.UseAsync<Namespaces, Namespace?>(names => names.FindAsync("gina", CancellationToken.None)))!.Id; // joined above
        var token = await world.World.UseAsync<Accounts, string>(accounts => accounts.IssueTokenAsync(id, new NewToken("calls", TokenScope.Inference), CancellationToken.None));
        using (var called = await GatewayWorld.CallAsync(world.World.As(new Person(id, "gina", token)), Body(model, "Where is <b>north</b>?")))
        {
            await called.Content.ReadAsStringAsync();
        }

        await Eventually.TrueAsync(async () => (await gina.OpenAsync("/inference/logs")).Document.QuerySelector("tbody a.mono") is not null);
        var trace = await gina.OpenAsync((await gina.OpenAsync("/inference/logs")).Document.QuerySelector("tbody a.mono")!.GetAttribute("href")!);
        var deleted = await gina.SendAsync(await gina.OpenAsync("/inference/privacy"), "delete");

        Assert.Contains("0 to 90 days", wrong.Html, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Found, HttpStatusCode.Found), (saved.Status, deleted.Status));
        Assert.Contains("Where is", trace.Text("#said"), StringComparison.Ordinal);
        Assert.DoesNotContain("1 calls are kept", (await gina.OpenAsync("/inference/privacy")).Html, StringComparison.Ordinal);
    }

    // A model's name that a caller made up is in the log, since that is what the log is for.
    private async Task<List<string>> FoundAsync(string secret, bool exceptModel = false)
    {
        if (exceptModel)
        {
            await world.World.UseAsync<GatewayDb, int>(db => db.LoggedCalls.Where(c => c.Model == "acme/" + secret).ExecuteDeleteAsync());
        }

        var found = new List<string>();
        var database = world.World.Server.Services.GetRequiredService<Database>();
        foreach (var file in database.Files)
        {
            await using var connection = await database.OpenAsync(file, CancellationToken.None);
            foreach (var table in await ListAsync(connection, database.IsPostgres ? "select table_name from information_schema.tables where table_schema = 'public'" : "select name from sqlite_master where type = 'table'"))
            {
                var columns = await ListAsync(connection, database.IsPostgres ? $"select column_name from information_schema.columns where table_name = '{table}'" : $"select name from pragma_table_info('{table}')");
                foreach (var column in columns)
                {
                    var hits = await ListAsync(connection, $"select 'x' from \"{table}\" where cast(\"{column}\" as text) like '%{secret}%'");
                    found.AddRange(hits.Select(_ => $"{table}.{column}"));
                }
            }
        }

        var marker = Encoding.UTF8.GetBytes(secret);
        found.AddRange(Directory.EnumerateFiles(world.World.Server.DataDirectory, "*", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/repositories/", StringComparison.Ordinal)) // git's, which the server holds locked
            .Where(path => !exceptModel || Path.GetExtension(path) is not (".db" or ".db-wal")) // the deleted row may still be in its page
            .Where(path => ReadShared(path).AsSpan().IndexOf(marker) >= 0));
        return found;
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }

    private static async Task<List<string>> ListAsync(System.Data.Common.DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        var all = new List<string>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            all.Add(rows.GetString(0));
        }

        return all;
    }

    private async Task<JsonElement> FindAsync(HttpResponseMessage answer)
    {
        JsonElement? said = null;
        await Eventually.TrueAsync(async () =>
        {
            using var found = await world.Alice.GetAsync(Address(answer));
            said = found.IsSuccessStatusCode ? await found.Content.ReadFromJsonAsync<JsonElement>() : null;
            return said is not null;
        });
        return said!.Value; // waited for
    }

    private static string Address(HttpResponseMessage answer) => $"/api/v1/inference/bodies/{answer.Headers.GetValues("X-Request-Id").Single()}";

    private Task<HttpResponseMessage> SayAsync(string model, string text, bool stream = false) => GatewayWorld.CallAsync(world.Alice, Body(model, text, stream: stream));

    private static JsonObject Body(string model, string text, double temperature = 0, bool stream = false) => new()
    {
        ["model"] = model, ["max_tokens"] = 50, ["temperature"] = temperature, ["stream"] = stream,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
    };

    /// <summary>A world whose log is kept.</summary>
    public sealed class ListeningWorld : RemoteWorld
    {
        private readonly Recorder _recorder = new();

        public IReadOnlyCollection<string> Lines => _recorder.Lines;

        protected override void Adjust(IServiceCollection services) => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_recorder));
    }

    private sealed class Recorder : ILoggerProvider, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
            // nothing is held
        }
    }
}
