using Lodestone.Ui;
using Microsoft.AspNetCore.Components;

namespace Lodestone.Hub;

/// <summary>Renders comments: Markdown, made safe as cards are, whose relative addresses lead to the repository's main branch.</summary>
internal sealed class CommentText(CardMarkdown cards)
{
    public MarkupString Render(Repo repo, string markdown)
    {
        var home = $"/{repo.Type.Prefix()}{repo.FullName}";
        var places = new CardAddresses(path => Place(home, "blob", path), path => Place(home, "resolve", path));
        return cards.Render("\n" + markdown, places).Html; // lines between dashes at its beginning are a comment's own, and no metadata
    }

    public string Html(Repo repo, string markdown) => Render(repo, markdown).Value;

    private static string Place(string home, string verb, string path) => $"{home}/{verb}/{RepoView.MainBranch}/{RepoAddress.Escape(Uri.UnescapeDataString(path))}";
}
