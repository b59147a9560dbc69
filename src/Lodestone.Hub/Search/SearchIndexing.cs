using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Keeps the words of every repository in step with its main branch: its name, its card, its tags, and what the headers of its
/// tensors' files say. It hears of every commit by the outbox, so none is forgotten and no commit waits for it.
/// </summary>
internal sealed partial class SearchIndexing(HubDb db, RepoStore store, RepoRefresh refresh, RepoContent content, FullText text) : IEventHandler<RepoPublished>
{
    private const long MaxCard = 4 * 1024 * 1024;
    private const int MostWords = 8_000;
    private const int MostTensors = 5_000;

    private static readonly string[] TensorFiles = ["model.safetensors", "adapter_model.safetensors"];

    public Task HandleAsync(Guid eventId, RepoPublished happened, CancellationToken cancel) => IndexAsync(happened.RepoId, cancel);

    /// <summary>Doing it twice is the same as doing it once.</summary>
    public async Task IndexAsync(Guid repoId, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) is not { } repo)
        {
            return; // deleted meanwhile
        }

        var git = store.Open(repo.Id);
        if (git.References.Find(RefName.Branches + RepoView.MainBranch) is not { } head)
        {
            await text.SetAsync(repo.Id, "", SearchWords.Of(repo.FullName, MostWords), cancel);
            return;
        }

        var tree = new RepoTree(git, head);
        var headers = Headers(repo, tree);
        var known = await refresh.KnownAsync(repo.Id, cancel);
        var isBehind = known?.CommitId != head.ToString(); // then whoever made the commit is about to write the rows, and to tell again
        var source = string.Join(' ', new[] { repo.PathLower, tree.Find("README.md")?.Id.ToString() }.Concat(headers.Select(f => f.Id.ToString())))
            + (isBehind ? $" with the facts of {known?.CommitId}" : "");
        if (await text.SourceAsync(repo.Id, cancel) != source)
        {
            await text.SetAsync(repo.Id, source, await WordsAsync(repo, tree, RepoFacts.Of(known), headers, cancel), cancel);
        }
    }

    private static List<RepoEntry> Headers(Repo repo, RepoTree tree) =>
        repo.Type is RepoType.Model ? [.. TensorFiles.Select(tree.Find).OfType<RepoEntry>().Where(f => !f.IsFolder)] : [];

    private async Task<IReadOnlyCollection<string>> WordsAsync(Repo repo, RepoTree tree, RepoFacts facts, List<RepoEntry> headers, CancellationToken cancel)
    {
        var words = new StringBuilder(repo.FullName);
        words.AppendJoin(' ', facts.Index.Select(t => $" {t}"));
        words.AppendJoin(' ', new[] { facts.CardData.Text("title"), facts.CardData.Text("pretty_name"), facts.Gguf?.Architecture }.Select(t => $" {t}"));
        if (await content.ReadTextAsync(tree, "README.md", MaxCard, cancel) is { } readme)
        {
            words.Append(' ').Append(FrontMatter.Read(readme).Body);
        }

        foreach (var file in headers)
        {
            if (await TensorFile.ReadAsync(content, tree, file, cancel) is { } tensors)
            {
                words.AppendJoin(' ', tensors.Metadata.Select(m => $" {m.Key} {m.Value}"));
                words.AppendJoin(' ', tensors.Tensors.Take(MostTensors).Select(t => $" {Digits().Replace(t.Name, " ")}"));
            }
        }

        return SearchWords.Of(words.ToString(), MostWords);
    }

    // The numbers of layers say nothing.
    [GeneratedRegex(@"\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Digits();
}

/// <summary>Gives words to repositories that have none: those that were there before search was, or whose words were thrown away to be made anew.</summary>
internal sealed class SearchRebuilding(FullText text, SearchIndexing indexing, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.search_rebuilding";

    private const int AtOnce = 100;

    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var missing = await text.MissingAsync(AtOnce, cancel);
        foreach (var repoId in missing)
        {
            await indexing.IndexAsync(repoId, cancel);
        }

        return missing.Count == AtOnce ? clock.GetUtcNow() : clock.GetUtcNow() + Every;
    }
}

/// <summary>Has missing words made from the first start on, and reads the catalogue before the first visitor asks for it, but not before the server answers.</summary>
internal sealed partial class SearchCare(Tasks tasks, RepoCatalogue catalogue, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<SearchCare> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await tasks.ScheduleAsync(SearchRebuilding.Kind, "all", clock.GetUtcNow() + TimeSpan.FromMinutes(1), new { }, stoppingToken);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
        try
        {
            var watch = Stopwatch.StartNew();
            var entries = await catalogue.OpenAsync(stoppingToken);
            CatalogueRead(log, entries.Length, watch.ElapsedMilliseconds);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            CatalogueUnread(log, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The catalogue of repositories, with room for {Count}, was read in {Milliseconds} ms")]
    private static partial void CatalogueRead(ILogger log, int count, long milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The catalogue of repositories could not be read ahead; the first list reads it")]
    private static partial void CatalogueUnread(ILogger log, Exception failure);
}
