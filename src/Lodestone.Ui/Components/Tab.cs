namespace Lodestone.Ui;

/// <summary>A page among its siblings.</summary>
/// <param name="Text">One or two words.</param>
/// <param name="Href">The page.</param>
/// <param name="IsCurrent">It is the page being shown.</param>
/// <param name="Icon">A name that <see cref="Ui.Icon"/> knows.</param>
/// <param name="Count">How many things the page lists.</param>
public sealed record Tab(string Text, string Href, bool IsCurrent = false, string? Icon = null, long? Count = null);
