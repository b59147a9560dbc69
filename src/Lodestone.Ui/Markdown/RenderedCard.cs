using Microsoft.AspNetCore.Components;

namespace Lodestone.Ui;

/// <summary>A card ready for a page, inside an element of class <c>prose</c>.</summary>
/// <param name="Html">Sanitised: no script, style, form, or address of another scheme than http, https and mailto.</param>
/// <param name="Headings">In the order of the text, for a table of contents.</param>
public sealed record RenderedCard(MarkupString Html, IReadOnlyList<CardHeading> Headings)
{
    /// <summary>There is nothing to see in it.</summary>
    public bool IsBlank { get; init; }
}

/// <summary>A heading of a card.</summary>
/// <param name="Level">1 to 6.</param>
/// <param name="Text">Without markup.</param>
/// <param name="Id">The element's id, with the prefix that all ids in cards have.</param>
public sealed record CardHeading(int Level, string Text, string Id);
