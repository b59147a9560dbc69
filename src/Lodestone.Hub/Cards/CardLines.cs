namespace Lodestone.Hub;

/// <summary>Where in a README the parts of its metadata block are: lines from 1, of the whole file.</summary>
internal sealed class CardLines
{
    private readonly string[] _lines;
    private readonly int _first;
    private readonly int _end;

    /// <param name="readme">With or without a block.</param>
    public CardLines(string readme)
    {
        _lines = readme.ReplaceLineEndings("\n").Split('\n');
        var open = Array.FindIndex(_lines, line => line.Trim('\ufeff', ' ', '\t').Length > 0);
        var hasBlock = open >= 0 && _lines[open].TrimStart('\ufeff').TrimEnd() is "---";
        _first = hasBlock ? open + 1 : 0;
        var close = hasBlock ? Array.FindIndex(_lines, _first, line => line.TrimEnd() is "---") : -1;
        _end = close < 0 ? _first : close;
    }

    /// <summary>What stands before the block, in lines.</summary>
    public int Before => _first;

    public bool HasBlock => _first > 0 && _end >= _first;

    public string Text(int line) => line >= 1 && line <= _lines.Length ? _lines[line - 1] : "";

    /// <summary>A line, or the nearest before it within the block that has something: what is not closed is found out only at the end.</summary>
    public int LastWritten(int line)
    {
        while (line > _first + 1 && (line > _end || string.IsNullOrWhiteSpace(Text(line))))
        {
            line--;
        }

        return line;
    }

    /// <summary>The line of a name at the block's outermost level; null when it is not there.</summary>
    public int? Of(string key) => Array.FindIndex(_lines, _first, _end - _first, line => IsOf(line, key)) is >= 0 and var found ? found + 1 : null;

    /// <summary>The README with other lines for one name: in the place of those that it had, else at the block's end.</summary>
    /// <param name="written">Lines of YAML; none take the name away.</param>
    public string With(string key, IReadOnlyList<string> written)
    {
        var lines = _lines.ToList();
        if (!HasBlock)
        {
            return written.Count == 0 ? string.Join('\n', lines) : string.Join('\n', ["---", .. written, "---", "", .. lines.SkipWhile(string.IsNullOrWhiteSpace)]);
        }

        if (Of(key) is not { } at)
        {
            lines.InsertRange(_end, written);
            return string.Join('\n', lines);
        }

        var next = at;
        while (next < _end && (lines[next].Length == 0 || lines[next][0] is ' ' or '\t' or '-' or '#'))
        {
            next++;
        }

        lines.RemoveRange(at - 1, next - at + 1);
        lines.InsertRange(at - 1, written);
        return string.Join('\n', lines);
    }

    private static bool IsOf(string line, string key) =>
        line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).TrimStart() is [':', ..]
        || line.StartsWith($"\"{key}\":", StringComparison.Ordinal) || line.StartsWith($"'{key}':", StringComparison.Ordinal);
}
