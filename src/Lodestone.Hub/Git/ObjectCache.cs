namespace Lodestone.Hub;

/// <summary>
/// Parsed trees and commits of many repositories, and the bases of deltas, the least recently used given up first.
/// </summary>
/// <param name="capacity">Bytes, by estimate.</param>
internal sealed class ObjectCache(long capacity)
{
    // Guards all fields below.
    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, LinkedListNode<Item>> _items = [];
    private readonly LinkedList<Item> _byUse = [];
    private long _weight;

    public T? Find<T>(CacheKey key)
        where T : class
    {
        lock (_lock)
        {
            if (!_items.TryGetValue(key, out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Value as T;
        }
    }

    /// <param name="weight">Bytes that the value takes. What would fill a quarter of the cache is not kept.</param>
    public void Add(CacheKey key, object value, long weight)
    {
        var item = new Item(key, value, weight);
        lock (_lock)
        {
            if (weight > capacity / 4 || !_items.TryAdd(item.Key, new LinkedListNode<Item>(item)))
            {
                return;
            }

            _byUse.AddFirst(_items[item.Key]);
            for (_weight += weight; _weight > capacity && _byUse.Last is { } last; _weight -= last.Value.Weight)
            {
                _byUse.RemoveLast();
                _items.Remove(last.Value.Key);
            }
        }
    }

    private readonly record struct Item(CacheKey Key, object Value, long Weight);
}

/// <summary>Names a cached thing. The repository is part of it, so that nobody reads another's object by knowing its id.</summary>
internal readonly record struct CacheKey
{
    private readonly object _owner;
    private readonly ObjectId _id;
    private readonly long _offset;

    private CacheKey(object owner, ObjectId id, long offset) => (_owner, _id, _offset) = (owner, id, offset);

    public static CacheKey Of(ObjectDatabase database, ObjectId id) => new(database, id, 0);

    public static CacheKey Of(Pack pack, long offset) => new(pack, default, offset);
}
