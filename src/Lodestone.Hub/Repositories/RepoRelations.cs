using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>How repositories name each other in their cards, looked up for many at once. Only what the caller may see counts.</summary>
internal sealed class RepoRelations(HubDb db, Caller caller)
{
    private const string Prefix = "base_model:";
    private const int MostSpaces = 100;

    private static readonly string[] Kinds = ["finetune", "adapter", "merge", "quantized", "distilled"];

    public async Task<Related> OfAsync(IReadOnlyList<(Repo Repo, RepoFacts Facts)> repos, SummaryFields fields, CancellationToken cancel) => new(
        fields.Has("baseModels") ? await BasesAsync(repos, cancel) : null,
        fields.Has("childrenModelCount") ? await ChildrenAsync(repos, cancel) : null,
        fields.Has("spaces") ? await SpacesAsync(repos, cancel) : null);

    private async Task<Dictionary<Guid, IReadOnlyList<BaseModels>>> BasesAsync(IReadOnlyList<(Repo Repo, RepoFacts Facts)> repos, CancellationToken cancel)
    {
        var named = repos.SelectMany(r => r.Facts.Tags.Select(ReadBase).OfType<(string Relation, string Name)>().Select(b => (r.Repo.Id, b.Relation, Path: b.Name.ToLowerInvariant()))).ToList();
        var paths = named.Select(n => n.Path).Distinct().ToList();
        var found = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == RepoType.Model && paths.Contains(r.PathLower))
            .ToDictionaryAsync(r => r.PathLower, StringComparer.Ordinal, cancel);
        return named.Where(n => found.ContainsKey(n.Path)).GroupBy(n => n.Id).ToDictionary(g => g.Key, g => (IReadOnlyList<BaseModels>)
            [.. g.GroupBy(n => n.Relation, StringComparer.Ordinal).Select(r => new BaseModels(r.Key, [.. r.Select(n => Name(found[n.Path]))]))]);

        static BaseModelName Name(Repo repo) => new(PublicId.ToHub(repo.Id), repo.FullName);
    }

    private async Task<Dictionary<Guid, IReadOnlyDictionary<string, int>>> ChildrenAsync(IReadOnlyList<(Repo Repo, RepoFacts Facts)> repos, CancellationToken cancel)
    {
        var tags = repos.SelectMany(r => Kinds.Select(kind => (r.Repo.Id, Kind: kind, Tag: $"{Prefix}{kind}:{r.Repo.FullName}"))).ToList();
        var names = tags.ConvertAll(t => t.Tag);
        var visible = db.Repos.VisibleTo(caller).Where(r => r.Type == RepoType.Model);
        var counts = await db.Tags.Where(t => names.Contains(t.Tag)).Join(visible, t => t.RepoId, r => r.Id, (t, _) => t.Tag)
            .GroupBy(t => t).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, StringComparer.Ordinal, cancel);
        return tags.Where(t => counts.ContainsKey(t.Tag)).GroupBy(t => t.Id).ToDictionary(
            g => g.Key, g => (IReadOnlyDictionary<string, int>)g.ToDictionary(t => t.Kind, t => counts[t.Tag], StringComparer.Ordinal));
    }

    private async Task<Dictionary<Guid, IReadOnlyList<string>>> SpacesAsync(IReadOnlyList<(Repo Repo, RepoFacts Facts)> repos, CancellationToken cancel)
    {
        var names = repos.ToDictionary(r => CardNames.Model(r.Repo.PathLower), r => r.Repo.Id, StringComparer.Ordinal);
        var tags = names.Keys.ToList();
        var visible = db.Repos.VisibleTo(caller).Where(r => r.Type == RepoType.Space);
        var found = await db.Tags.Where(t => tags.Contains(t.Tag)).Join(visible, t => t.RepoId, r => r.Id, (t, r) => new { t.Tag, r.OwnerName, r.Name, r.Likes, r.PathLower })
            .OrderByDescending(s => s.Likes).ThenBy(s => s.PathLower).ToListAsync(cancel);
        return found.GroupBy(s => names[s.Tag]).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Take(MostSpaces).Select(s => $"{s.OwnerName}/{s.Name}")]);
    }

    private static (string Relation, string Name)? ReadBase(string tag)
    {
        var parts = tag.Split(':', 3);
        return parts is ["base_model", var relation, var name] && Kinds.Contains(relation, StringComparer.Ordinal) ? (relation, name) : null;
    }
}

/// <summary>By repository. Null where it was not asked for.</summary>
internal sealed record Related(
    IReadOnlyDictionary<Guid, IReadOnlyList<BaseModels>>? Bases,
    IReadOnlyDictionary<Guid, IReadOnlyDictionary<string, int>>? Children,
    IReadOnlyDictionary<Guid, IReadOnlyList<string>>? Spaces)
{
    public RepoSummary Add(Repo repo, RepoSummary summary) => summary with
    {
        BaseModels = Bases?.GetValueOrDefault(repo.Id),
        ChildrenModelCount = Children?.GetValueOrDefault(repo.Id),
        Spaces = Spaces is null ? null : Spaces.GetValueOrDefault(repo.Id) ?? [],
    };
}
