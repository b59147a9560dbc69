namespace Lodestone.Hub;

/// <summary>
/// Parsed trees and commits of many repositories, the least recently used given up first. Keyed by repository as well as by id,
/// so that nobody reads another's object by knowing its id.
/// </summary>
/// <param name="capacity">Bytes, by estimate.</param>
internal sealed class ObjectCache(long capacity)
{
    // Guards all fields below.
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, LinkedListNode<Item>> _items = [];
    private readonly LinkedList<Item> _byUse = [];
    private long _weight;

    public T? Find<T>(ObjectDatabase owner, ObjectId id)
        where T : class
    {
        lock (_lock)
        {
            if (!_items.TryGetValue(new Key(owner, id), out var node))
            {
                return null;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Value as T;
        }
    }

    /// <param name="weight">Bytes that the value takes. What would fill a quarter of the cache is not kept.</param>
    public void Add(ObjectDatabase owner, ObjectId id, object value, long weight)
    {
        var item = new Item(new Key(owner, id), value, weight);
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

    private readonly record struct Key(ObjectDatabase Owner, ObjectId Id);

    private readonly record struct Item(Key Key, object Value, long Weight);
}
