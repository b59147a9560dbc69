using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// The paths of one commit, in order. One may be deleted and brought again, but of two contents for it one would be lost
/// without a word.
/// </summary>
internal sealed class CommitPaths
{
    // Where in the order each path was last brought and last deleted.
    private readonly Dictionary<string, int> _brought = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _deleted = new(StringComparer.Ordinal);
    private int _position;

    /// <exception cref="Refusal"><c>unprocessable</c>: the path was brought before.</exception>
    public void Add(CommitChange change)
    {
        _position++;
        if (change is DeleteEntry)
        {
            _deleted[change.Path] = _position;
            return;
        }

        if (_brought.TryGetValue(change.Path, out var before) && !IsDeletedAfter(change.Path, before))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"'{change.Path}' is in the commit twice. Send each path once.");
        }

        _brought[change.Path] = _position;
    }

    /// <summary>Itself, or with a folder above it.</summary>
    private bool IsDeletedAfter(string path, int position)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            if (_deleted.GetValueOrDefault(path[..end]) > position)
            {
                return true;
            }
        }

        return false;
    }
}
