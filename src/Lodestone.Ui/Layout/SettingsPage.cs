namespace Lodestone.Ui;

/// <summary>A tab among the settings of an account. Modules register theirs as singletons.</summary>
/// <param name="Text">One or two words.</param>
/// <param name="Href">A path on this server.</param>
/// <param name="Icon">One of <see cref="Icon"/>'s names.</param>
/// <param name="Order">Ascending from the start.</param>
public sealed record SettingsPage(string Text, string Href, string Icon, int Order);
