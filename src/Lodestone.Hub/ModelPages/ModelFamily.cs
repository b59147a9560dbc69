using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Which models a model was made from, and which were made from it, as their cards say.</summary>
internal sealed class ModelFamily(HubDb db, Caller caller)
{
    private const string Prefix = "base_model:";
    private const int MostNamed = 5;

    private static readonly string[] Relations = ["finetune", "adapter", "merge", "quantized", "distilled"];

    public async Task<IReadOnlyList<BaseModel>> BasesAsync(RepoFacts facts, CancellationToken cancel)
    {
        var named = facts.Tags.Select(Read).OfType<(string Relation, string Name)>().ToList();
        var paths = named.Select(b => b.Name.ToLowerInvariant()).ToList();
        var here = await db.Repos.AsNoTracking().VisibleTo(caller)
            .Where(r => r.Type == RepoType.Model && paths.Contains(r.PathLower)).ToDictionaryAsync(r => r.PathLower, StringComparer.Ordinal, cancel);
        return [.. named.Select(b => new BaseModel(b.Name, b.Relation, here.TryGetValue(b.Name.ToLowerInvariant(), out var repo) ? $"/{repo.FullName}" : null))];
    }

    public async Task<IReadOnlyList<DerivedModels>> DerivedAsync(Repo repo, CancellationToken cancel)
    {
        var found = new List<DerivedModels>();
        foreach (var relation in Relations)
        {
            var tag = $"{Prefix}{relation}:{repo.FullName}";
            var models = db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == RepoType.Model && db.Tags.Any(t => t.RepoId == r.Id && t.Tag == tag));
            var count = await models.CountAsync(cancel);
            if (count > 0)
            {
                var newest = await models.OrderByDescending(r => r.CreatedAt).Take(MostNamed).Select(r => r.OwnerName + "/" + r.Name).ToListAsync(cancel);
                found.Add(new DerivedModels(relation, count, newest, new ListSearch { Tag = tag }.Href));
            }
        }

        return found;
    }

    private static (string Relation, string Name)? Read(string tag)
    {
        var parts = tag.Split(':', 3);
        return parts is ["base_model", var relation, var name] && Relations.Contains(relation, StringComparer.Ordinal) ? (relation, name) : null;
    }
}

/// <summary>A model that this one was made from.</summary>
/// <param name="Name">As the card writes it, usually <c>owner/name</c>.</param>
/// <param name="Relation"><c>finetune</c>, <c>adapter</c>, <c>merge</c> or <c>quantized</c>: what this model is to it.</param>
/// <param name="Href">Null when it is not on this server, or hidden.</param>
internal sealed record BaseModel(string Name, string Relation, string? Href)
{
    public string Verb => Relation switch
    {
        "adapter" => "Adapter of",
        "merge" => "Merged from",
        "quantized" => "Quantized from",
        "distilled" => "Distilled from",
        _ => "Fine-tuned from",
    };
}

/// <summary>The models of one relation that were made from a model.</summary>
/// <param name="Newest">Some of them, the newest first.</param>
/// <param name="Href">All of them.</param>
internal sealed record DerivedModels(string Relation, int Count, IReadOnlyList<string> Newest, string Href)
{
    public string Title => TitleOf(Relation);

    public static string TitleOf(string relation) => relation switch
    {
        "adapter" => "Adapters",
        "merge" => "Merges",
        "quantized" => "Quantizations",
        "distilled" => "Distillations",
        _ => "Fine-tunes",
    };
}
