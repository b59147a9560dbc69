using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace Lodestone.Engine.Templates;

/// <summary>Text that remembers which of its characters came from a caller. Marks survive every operation of a template, so that when the
/// prompt is cut into tokens, control tokens are recognised only in what the template itself wrote.</summary>
internal sealed class MarkedText : IEquatable<MarkedText>
{
    /// <summary>No characters, no marks.</summary>
    public static readonly MarkedText Empty = new("", []);

    /// <summary>Characters; a template that makes more is stopped.</summary>
    public const int MaxLength = 1 << 24;

    private MarkedText(string value, ImmutableArray<Span> marks)
    {
        Value = value;
        Marks = marks;
    }

    public string Value { get; }

    /// <summary>The caller's characters: ascending, apart from each other, none empty.</summary>
    public ImmutableArray<Span> Marks { get; }

    public int Length => Value.Length;

    /// <summary>Text of the template's own.</summary>
    public static MarkedText Trusted(string value) => new(value, []);

    /// <summary>Text that a caller sent.</summary>
    public static MarkedText FromCaller(string value) => new(value, value.Length == 0 ? [] : [new Span(0, value.Length)]);

    public static MarkedText Join(IEnumerable<MarkedText> parts)
    {
        var text = new StringBuilder();
        var marks = ImmutableArray.CreateBuilder<Span>();
        foreach (var part in parts)
        {
            foreach (var mark in part.Marks)
            {
                Append(marks, new Span(mark.Start + text.Length, mark.End + text.Length));
            }

            text.Append(part.Value);
            if (text.Length > MaxLength)
            {
                throw new TemplateFault("The chat template makes a text that is too long.");
            }
        }

        return new MarkedText(text.ToString(), marks.ToImmutable());
    }

    /// <summary>Whether none of the characters from <paramref name="start"/> on came from a caller.</summary>
    public bool IsTrusted(int start, int length)
    {
        foreach (var mark in Marks)
        {
            if (mark.Start < start + length && start < mark.End)
            {
                return false;
            }
        }

        return true;
    }

    public MarkedText Slice(int start, int length)
    {
        var marks = ImmutableArray.CreateBuilder<Span>();
        foreach (var mark in Marks)
        {
            var from = Math.Max(mark.Start, start);
            var to = Math.Min(mark.End, start + length);
            if (from < to)
            {
                marks.Add(new Span(from - start, to - start));
            }
        }

        return new MarkedText(Value.Substring(start, length), marks.ToImmutable());
    }

    /// <summary>Cuts away whitespace, or the characters given, at the chosen ends.</summary>
    public MarkedText Trim(bool atStart, bool atEnd, string? characters = null)
    {
        var start = 0;
        var end = Length;
        while (atStart && start < end && IsCut(Value[start]))
        {
            start++;
        }

        while (atEnd && end > start && IsCut(Value[end - 1]))
        {
            end--;
        }

        return start == 0 && end == Length ? this : Slice(start, end - start);

        bool IsCut(char c) => characters?.Contains(c, StringComparison.Ordinal) ?? char.IsWhiteSpace(c);
    }

    public IReadOnlyList<MarkedText> Split(string separator, int limit = int.MaxValue)
    {
        var parts = new List<MarkedText>();
        var start = 0;
        while (parts.Count < limit && Value.IndexOf(separator, start, StringComparison.Ordinal) is var at and >= 0)
        {
            parts.Add(Slice(start, at - start));
            start = at + separator.Length;
        }

        parts.Add(Slice(start, Length - start));
        return parts;
    }

    public MarkedText Replace(string old, MarkedText replacement, int limit = int.MaxValue)
    {
        if (old.Length == 0)
        {
            return this;
        }

        var parts = Split(old, limit);
        return Join(parts.SelectMany((part, i) => i == 0 ? [part] : new[] { replacement, part }));
    }

    /// <summary>Changes characters one for one, as upper and lower case do, and keeps the marks.</summary>
    public MarkedText Map(Func<string, string> change)
    {
        var changed = change(Value);
        return changed.Length == Length ? new MarkedText(changed, Marks) : Derive(changed);
    }

    /// <summary>Text computed from this one as a whole: a caller's if any of this is.</summary>
    public MarkedText Derive(string value) => Marks.IsEmpty ? Trusted(value) : FromCaller(value);

    public bool Equals(MarkedText? other) => other is not null && string.Equals(Value, other.Value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as MarkedText);

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Value);

    public override string ToString() => Value;

    private static void Append(ImmutableArray<Span>.Builder marks, Span next)
    {
        if (marks.Count > 0 && marks[^1].End == next.Start)
        {
            marks[^1] = new Span(marks[^1].Start, next.End);
            return;
        }

        marks.Add(next);
    }

    /// <summary>Characters from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Span(int Start, int End);
}
