using Lodestone.Ui;
using Microsoft.AspNetCore.Components;

namespace Lodestone.Hub;

/// <summary>Renders comments: Markdown, made safe as cards are, whose relative addresses lead to the repository's main branch, and names with an @ to whoever has them.</summary>
internal sealed class CommentText(CardMarkdown cards)
{
    /// <param name="people">From names in any case to names as their owners write them.</param>
    public MarkupString Render(Repo repo, string markdown, IReadOnlyDictionary<string, string> people)
    {
        var home = $"/{repo.Type.Prefix()}{repo.FullName}";
        var places = new CardAddresses(path => Place(home, "blob", path), path => Place(home, "resolve", path))
        {
            Person = name => people.TryGetValue(name, out var person) ? $"/{person}" : null,
        };
        return cards.Render("\n" + markdown, places).Html; // lines between dashes at its beginning are a comment's own, and no metadata
    }

    /// <inheritdoc cref="Render"/>
    public string Html(Repo repo, string markdown, IReadOnlyDictionary<string, string> people) => Render(repo, markdown, people).Value;

    private static string Place(string home, string verb, string path) => $"{home}/{verb}/{RepoView.MainBranch}/{RepoAddress.Escape(Uri.UnescapeDataString(path))}";
}
