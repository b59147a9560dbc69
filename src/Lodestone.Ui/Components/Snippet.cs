namespace Lodestone.Ui;

/// <summary>A piece of code under a tab.</summary>
/// <param name="Title">The tab: a library or a language.</param>
/// <param name="Code">Copied exactly.</param>
/// <param name="Language">As after a Markdown fence.</param>
public sealed record Snippet(string Title, string Code, string? Language = null);
