namespace Lodestone.Hub;

/// <summary>Chunk tables that were used lately.</summary>
/// <param name="capacity">Chunks in all of them.</param>
internal sealed class TableCache(int capacity)
{
    // Guards all fields below.
    private readonly Lock _lock = new();
    private readonly Dictionary<XetHash, LinkedListNode<ChunkTable>> _tables = [];
    private readonly LinkedList<ChunkTable> _byUse = [];
    private int _chunks;

    public ChunkTable? Find(XetHash xorb)
    {
        lock (_lock)
        {
            if (!_tables.TryGetValue(xorb, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value;
        }
    }

    /// <returns>The same.</returns>
    public ChunkTable Add(ChunkTable table)
    {
        lock (_lock)
        {
            if (_tables.TryAdd(table.Xorb, new LinkedListNode<ChunkTable>(table)))
            {
                _byUse.AddFirst(_tables[table.Xorb]);
                _chunks += table.Chunks.Count;
                while (_chunks > capacity && _byUse.Last is { } last)
                {
                    Drop(last);
                }
            }

            return table;
        }
    }

    public void Remove(XetHash xorb)
    {
        lock (_lock)
        {
            if (_tables.TryGetValue(xorb, out var node))
            {
                Drop(node);
            }
        }
    }

    private void Drop(LinkedListNode<ChunkTable> node)
    {
        _byUse.Remove(node);
        _tables.Remove(node.Value.Xorb);
        _chunks -= node.Value.Chunks.Count;
    }
}
