using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A repository in a graph of lineage.</summary>
/// <param name="Level">0: the one that the graph is about; negative: it came from there; positive: it led there.</param>
/// <param name="Href">Null when it is not on this server, or hidden.</param>
/// <param name="License">As far as it may be known.</param>
/// <param name="GoneAt">Since when it is deleted.</param>
internal sealed record LineageNode(string Key, string Name, RepoType Type, int Level, string? Href, string? License, DateTimeOffset? GoneAt);

/// <param name="PerMille">Of the child's bytes that are the parent's; where inferred by equal tensors.</param>
/// <param name="Similarity">Of the weights, in thousandths; where inferred by that.</param>
/// <param name="IsCircular">It leads back to where it came from, which cannot be true.</param>
internal sealed record LineageLine(LineageNode Child, LineageNode Parent, string Relation, long? PerMille, long? Similarity, bool IsCircular)
{
    public bool IsInferred => Relation is Relations.Derived;
}

/// <summary>Where a repository came from and what it led to, as far as the reader may see.</summary>
/// <param name="IsCut">There is more than is shown.</param>
internal sealed record LineageGraph(LineageNode Self, IReadOnlyList<LineageNode> Nodes, IReadOnlyList<LineageLine> Lines, bool IsCut)
{
    /// <summary>Everything that it was made from, and those from theirs, each once.</summary>
    public IEnumerable<LineageLine> Above => Lines.Where(l => l.Parent.Level < 0 && !l.IsCircular);
}

/// <summary>
/// Walks the edges from one repository, up to everything it came from and down to what came from it. What the reader may not see is
/// not followed: a hidden parent is no more than the name that a visible card gives it, a hidden child is not there.
/// </summary>
internal sealed class Lineage(HubDb db, Caller caller)
{
    private const int MostNodes = 120;
    private const int MostUp = 8;
    private const int MostDown = 3;
    private const string License = "license:";

    public async Task<LineageGraph> OfAsync(Repo repo, RepoFacts facts, CancellationToken cancel)
    {
        var walk = new Walk(new LineageNode(KeyOf(repo), repo.FullName, repo.Type, 0, HrefOf(repo), LicenceFacts.NameIn(facts), null));
        await UpAsync(walk, repo.Id, cancel);
        await DownAsync(walk, repo.Id, cancel);
        return new LineageGraph(walk.Self, [.. walk.Nodes.Values], walk.Lines, walk.IsCut);
    }

    private async Task UpAsync(Walk walk, Guid id, CancellationToken cancel)
    {
        IReadOnlyDictionary<Guid, LineageNode> children = new Dictionary<Guid, LineageNode> { [id] = walk.Self };
        for (var level = -1; level >= -MostUp && children.Count > 0; level--)
        {
            var ids = children.Keys.ToList();
            var edges = Telling(await db.LineageEdges.AsNoTracking().Where(e => ids.Contains(e.ChildId)).OrderBy(e => e.CreatedAt).ThenBy(e => e.ParentPath).ToListAsync(cancel));
            var parents = edges.Select(e => e.ParentId).OfType<Guid>().Distinct().ToList();
            var here = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => parents.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
            var licenses = await db.Tags.AsNoTracking().Where(t => parents.Contains(t.RepoId) && t.Tag.StartsWith(License) && t.Tag != License + "other").ToListAsync(cancel);
            var next = new Dictionary<Guid, LineageNode>();
            foreach (var edge in edges)
            {
                var found = edge.ParentId is { } parentId ? here.GetValueOrDefault(parentId) : null;
                if (found is null && edge.Evidence is LineageEdge.Inferred && edge.GoneAt is null)
                {
                    continue; // only the card's own word may name what the reader cannot see
                }

                var node = found is null
                    ? new LineageNode($"{edge.ParentType}:{edge.ParentPath}", edge.ParentName, RepoTypes.FromSingular(edge.ParentType) ?? RepoType.Model, level, null, edge.GoneAt is null ? null : edge.ParentLicense, edge.GoneAt)
                    : new LineageNode(KeyOf(found), found.FullName, found.Type, level, HrefOf(found), licenses.Find(t => t.RepoId == found.Id)?.Tag[License.Length..] ?? edge.ParentLicense, null);
                if (walk.Add(children[edge.ChildId], node, edge, isNewParent: true) && found is not null)
                {
                    next[found.Id] = walk.Nodes[node.Key];
                }
            }

            children = next;
        }

        walk.IsCut |= children.Count > 0;
    }

    private async Task DownAsync(Walk walk, Guid id, CancellationToken cancel)
    {
        IReadOnlyDictionary<Guid, LineageNode> parents = new Dictionary<Guid, LineageNode> { [id] = walk.Self };
        for (var level = 1; level <= MostDown && parents.Count > 0; level++)
        {
            var ids = parents.Keys.ToList();
            var visible = db.Repos.AsNoTracking().VisibleTo(caller);
            var edges = await db.LineageEdges.AsNoTracking().Where(e => e.ParentId != null && ids.Contains(e.ParentId.Value))
                .Join(visible, e => e.ChildId, r => r.Id, (edge, child) => new { Edge = edge, Child = child })
                .OrderByDescending(f => f.Child.DownloadsAllTime).ThenBy(f => f.Child.PathLower).Take(MostNodes + 1).ToListAsync(cancel);
            walk.IsCut |= edges.Count > MostNodes;
            var next = new Dictionary<Guid, LineageNode>();
            foreach (var found in edges.Where(f => f.Edge.Evidence is LineageEdge.Declared || !edges.Exists(o => o.Edge.Evidence is LineageEdge.Declared && o.Edge.ChildId == f.Edge.ChildId && o.Edge.ParentId == f.Edge.ParentId)))
            {
                var node = new LineageNode(KeyOf(found.Child), found.Child.FullName, found.Child.Type, level, HrefOf(found.Child), null, null);
                if (walk.Add(node, parents[found.Edge.ParentId!.Value], found.Edge, isNewParent: false)) // not null by the filter
                {
                    next[found.Child.Id] = walk.Nodes[node.Key];
                }
            }

            parents = next;
        }
    }

    /// <summary>Without findings that say only what a card has declared.</summary>
    private static List<LineageEdge> Telling(List<LineageEdge> edges) => edges.FindAll(e => e.Evidence is LineageEdge.Declared
        || !edges.Exists(o => o.Evidence is LineageEdge.Declared && o.ChildId == e.ChildId && o.ParentType == e.ParentType && o.ParentPath == e.ParentPath));

    private static string KeyOf(Repo repo) => $"{repo.Type.Singular()}:{repo.PathLower}";

    private static string HrefOf(Repo repo) => $"/{repo.Type.Prefix()}{repo.FullName}";

    private sealed class Walk(LineageNode self)
    {
        private readonly HashSet<(string, string, string)> _seen = [];

        public LineageNode Self => self;

        public Dictionary<string, LineageNode> Nodes { get; } = new(StringComparer.Ordinal) { [self.Key] = self };

        public List<LineageLine> Lines { get; } = [];

        public bool IsCut { get; set; }

        /// <returns>Whether the node that was reached is new, and to be walked on from.</returns>
        public bool Add(LineageNode child, LineageNode parent, LineageEdge edge, bool isNewParent)
        {
            var reached = isNewParent ? parent : child;
            var isNew = !Nodes.TryGetValue(reached.Key, out var known);
            if (isNew && Nodes.Count >= MostNodes)
            {
                IsCut = true;
                return false;
            }

            known ??= reached;
            Nodes.TryAdd(known.Key, known);
            var (one, other) = isNewParent ? (child, known) : (known, parent);
            if (_seen.Add((one.Key, other.Key, edge.Relation)))
            {
                Lines.Add(new LineageLine(one, other, edge.Relation, edge.PerMille, edge.Similarity, IsCircular: isNewParent && Leads(other.Key, one.Key)));
            }

            return isNew;
        }

        /// <summary>Whether what came from a node leads, by the lines so far, up to another: then a line from that to it closes a circle.</summary>
        private bool Leads(string from, string to)
        {
            var (open, seen) = (new Queue<string>([from]), new HashSet<string>(StringComparer.Ordinal));
            while (open.TryDequeue(out var key))
            {
                if (key == to)
                {
                    return true;
                }

                foreach (var line in Lines.Where(l => l.Child.Key == key && seen.Add(l.Parent.Key)))
                {
                    open.Enqueue(line.Parent.Key);
                }
            }

            return false;
        }
    }
}
