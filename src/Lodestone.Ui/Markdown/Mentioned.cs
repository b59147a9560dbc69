using System.Text.RegularExpressions;

namespace Lodestone.Ui;

/// <summary>Somebody's name in prose, as in <c>@alice</c>.</summary>
/// <param name="Index">Of the sign before it.</param>
/// <param name="Name">As it was written; a full stop after it belongs to the sentence.</param>
public readonly partial record struct Mentioned(int Index, string Name)
{
    /// <summary>Those in a text, in its order. What looks like an address names nobody.</summary>
    public static IEnumerable<Mentioned> In(string prose) =>
        Pattern().Matches(prose).Select(m => new Mentioned(m.Index, m.Groups["name"].Value.TrimEnd('.', '-', '_')));

    [GeneratedRegex(@"(?<![\w@/.+-])@(?<name>(?>[A-Za-z0-9][A-Za-z0-9_.-]{0,95}))(?![@/])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
