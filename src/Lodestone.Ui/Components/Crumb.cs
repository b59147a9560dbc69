namespace Lodestone.Ui;

/// <summary>A step of a breadcrumb.</summary>
/// <param name="Text">As shown.</param>
/// <param name="Href">Null for the page itself.</param>
public sealed record Crumb(string Text, string? Href = null);
