namespace Lodestone.Hub;

/// <summary>A node where it is drawn; a node that stands for many has no name of its own.</summary>
internal sealed record DrawnNode(LineageNode? Node, string Text, int X, int Y);

/// <param name="Path">SVG path data, from the parent to the child.</param>
internal sealed record DrawnLine(LineageLine Line, string Path, int MiddleX, int MiddleY);

/// <summary>A graph of lineage as it is drawn: time goes to the right, each level is a column.</summary>
internal sealed record LineageDrawing(IReadOnlyList<DrawnNode> Nodes, IReadOnlyList<DrawnLine> Lines, int Width, int Height)
{
    public const int NodeWidth = 190;
    public const int NodeHeight = 44;

    private const int Across = NodeWidth + 84;
    private const int Down = NodeHeight + 16;
    private const int Margin = 8;
    private const int MostInColumn = 10;

    public static LineageDrawing Of(LineageGraph graph)
    {
        var levels = Levels(graph);
        var columns = graph.Nodes.GroupBy(n => levels[n.Key]).OrderBy(g => g.Key).Select(g => g.OrderBy(n => n.Type).ThenBy(n => n.Name, StringComparer.Ordinal).ToList()).ToList();
        var rows = columns.Max(c => Math.Min(c.Count, MostInColumn + 1));
        var height = (rows * Down) - (Down - NodeHeight) + (2 * Margin);
        var nodes = new List<DrawnNode>();
        for (var column = 0; column < columns.Count; column++)
        {
            var all = columns[column];
            var shown = all.Take(all.Count > MostInColumn + 1 ? MostInColumn : MostInColumn + 1).ToList();
            var taken = shown.Count + (all.Count > shown.Count ? 1 : 0);
            var top = (height - ((taken * Down) - (Down - NodeHeight))) / 2;
            nodes.AddRange(shown.Select((node, row) => new DrawnNode(node, node.Name, Margin + (column * Across), top + (row * Down))));
            if (all.Count > shown.Count)
            {
                nodes.Add(new DrawnNode(null, $"and {all.Count - shown.Count} more in the table", Margin + (column * Across), top + (shown.Count * Down)));
            }
        }

        var places = nodes.Where(n => n.Node is not null).ToDictionary(n => n.Node!.Key, StringComparer.Ordinal); // filtered in this line
        var lines = graph.Lines.Where(l => places.ContainsKey(l.Parent.Key) && places.ContainsKey(l.Child.Key)).Select(l => Draw(l, places[l.Parent.Key], places[l.Child.Key])).ToList();
        return new LineageDrawing(nodes, lines, (columns.Count * Across) - (Across - NodeWidth) + (2 * Margin), height);
    }

    /// <summary>A column for each node, so that every line goes to the right: what comes before is moved back, what comes after is moved on.</summary>
    private static Dictionary<string, int> Levels(LineageGraph graph)
    {
        var levels = graph.Nodes.ToDictionary(n => n.Key, n => n.Level, StringComparer.Ordinal);
        var hasMoved = true;
        for (var round = 0; hasMoved && round < graph.Nodes.Count; round++)
        {
            hasMoved = false;
            foreach (var (child, parent) in graph.Lines.Where(l => !l.IsCircular).Select(l => (l.Child.Key, l.Parent.Key)).Where(l => levels[l.Item2] >= levels[l.Item1]))
            {
                (levels[child], levels[parent], hasMoved) = levels[parent] < 0 ? (levels[child], levels[child] - 1, true) : (levels[parent] + 1, levels[parent], true);
            }
        }

        return levels;
    }

    private static DrawnLine Draw(LineageLine line, DrawnNode parent, DrawnNode child)
    {
        var (x1, y1) = (parent.X + NodeWidth, parent.Y + (NodeHeight / 2));
        var (x2, y2) = (child.X, child.Y + (NodeHeight / 2));
        var bend = Math.Max(30, Math.Abs(x2 - x1) / 2);
        return new DrawnLine(line, $"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}", (x1 + x2) / 2, ((y1 + y2) / 2) - 4);
    }
}
