using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// Who needs which parts of some stored things. Parts are half-open ranges of whole numbers: the chunks of a xorb, or for what is
/// needed as a whole the one range from 0 to 1.
/// </summary>
/// <typeparam name="T">Names a thing.</typeparam>
internal sealed class Coverage<T>
    where T : notnull
{
    private readonly Dictionary<T, HashSet<Need>> _needs = [];

    public IReadOnlyCollection<T> Things => _needs.Keys;

    /// <param name="who">A number of whoever needs it.</param>
    public void Add(T thing, int first, int end, int who)
    {
        if (!_needs.TryGetValue(thing, out var needs))
        {
            _needs.Add(thing, needs = []);
        }

        needs.Add(new Need(first, end, who));
    }

    /// <summary>The needed parts of a thing, in order and without overlap, each with all who need it.</summary>
    public IEnumerable<CoveredPart> PartsOf(T thing)
    {
        var edges = _needs[thing].SelectMany(n => (IEnumerable<Edge>)[new Edge(n.First, n.Who, 1), new Edge(n.End, n.Who, -1)]).OrderBy(e => e.At).ToList();
        var needing = new Dictionary<int, int>(); // how many of their needs are open
        for (var i = 0; i < edges.Count; i++)
        {
            var (at, who, change) = edges[i];
            if (i > 0 && edges[i - 1].At < at && needing.Count > 0)
            {
                yield return new CoveredPart(edges[i - 1].At, at, [.. needing.Keys]);
            }

            var open = needing.GetValueOrDefault(who) + change;
            _ = open == 0 ? needing.Remove(who) : (needing[who] = open) > 0;
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Need(int First, int End, int Who);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Edge(int At, int Who, int Change);
}

/// <param name="End">Exclusive.</param>
/// <param name="Who">At least one, each once.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CoveredPart(int First, int End, IReadOnlyList<int> Who);
