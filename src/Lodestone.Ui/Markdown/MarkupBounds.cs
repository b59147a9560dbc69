using AngleSharp.Dom;
using AngleSharp.Text;

namespace Lodestone.Ui;

/// <summary>
/// Stops one parse that would cost too much: the parser's work grows with the square of the depth, unclosed elements multiply, and
/// whoever walks the tree afterwards does so by recursion. Real cards have some thousand elements and stay below a depth of twenty.
/// </summary>
internal sealed class MarkupBounds
{
    private const int MaxDepth = 200;
    private const int MaxElements = 50_000;

    private int _count;
    private INode? _last;

    /// <summary>Called for every element, before it has its place; so the one before it is looked at.</summary>
    public void Check(IElement element, TextPosition position)
    {
        var depth = 0;
        for (var node = _last; node is not null; node = node.Parent)
        {
            depth++;
        }

        if (++_count > MaxElements || depth > MaxDepth)
        {
            throw new ElaborateMarkupException();
        }

        _last = element;
    }
}

/// <summary>Markup that nobody writes by hand.</summary>
internal sealed class ElaborateMarkupException : Exception;
