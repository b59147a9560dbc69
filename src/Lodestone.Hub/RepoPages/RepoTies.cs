using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Repositories that stand in one relation to another: the data sets a model uses, the spaces that use it.</summary>
/// <param name="Title">As people read it.</param>
/// <param name="Count">Of all that the reader may see, or that the card names.</param>
internal sealed record RepoTie(string Title, IReadOnlyList<TiedRepo> Some, int Count);

/// <param name="Href">Null when it is not on this server, or hidden.</param>
internal sealed record TiedRepo(string Name, string? Href);

/// <summary>What a repository's card names, and whose cards name it, apart from what models were made from.</summary>
internal sealed class RepoTies(HubDb db, Caller caller)
{
    private const int MostShown = 8;

    /// <summary>Those relations in which there is somebody.</summary>
    public async Task<IReadOnlyList<RepoTie>> OfAsync(Repo repo, RepoFacts facts, CancellationToken cancel)
    {
        RepoTie[] ties = repo.Type switch
        {
            RepoType.Model =>
            [
                await NamedAsync("Data sets used", RepoType.Dataset, facts.CardData.Texts("datasets"), cancel),
                await NamingAsync("Spaces using it", RepoType.Space, CardNames.Model(repo.FullName), cancel),
            ],
            RepoType.Dataset =>
            [
                await NamingAsync("Models trained on it", RepoType.Model, $"dataset:{repo.FullName}", cancel),
                await NamingAsync("Spaces using it", RepoType.Space, CardNames.Dataset(repo.FullName), cancel),
            ],
            _ =>
            [
                await NamedAsync("Models it uses", RepoType.Model, facts.CardData.Texts("models"), cancel),
                await NamedAsync("Data sets it uses", RepoType.Dataset, facts.CardData.Texts("datasets"), cancel),
            ],
        };
        return [.. ties.Where(t => t.Count > 0)];
    }

    /// <summary>What the card names is shown by that name; the reader can follow it where they may see it.</summary>
    private async Task<RepoTie> NamedAsync(string title, RepoType type, IEnumerable<string> named, CancellationToken cancel)
    {
        var names = named.Where(n => n.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var paths = names.Take(MostShown).Select(n => n.ToLowerInvariant()).ToList();
        var here = paths.Count == 0 ? [] : await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == type && paths.Contains(r.PathLower)).ToDictionaryAsync(r => r.PathLower, StringComparer.Ordinal, cancel);
        return new RepoTie(title, [.. names.Take(MostShown).Select(n => here.TryGetValue(n.ToLowerInvariant(), out var repo) ? Shown(repo) : new TiedRepo(n, null))], names.Count);
    }

    /// <summary>Those whose card names it, the most downloaded first.</summary>
    private async Task<RepoTie> NamingAsync(string title, RepoType type, string tag, CancellationToken cancel)
    {
        var naming = db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == type && db.Tags.Any(t => t.RepoId == r.Id && t.Tag == tag));
        var some = await naming.OrderByDescending(r => r.DownloadsAllTime).ThenBy(r => r.PathLower).Take(MostShown).ToListAsync(cancel);
        return new RepoTie(title, [.. some.Select(Shown)], some.Count < MostShown ? some.Count : await naming.CountAsync(cancel));
    }

    private static TiedRepo Shown(Repo repo) => new(repo.FullName, $"/{repo.Type.Prefix()}{repo.FullName}");
}
