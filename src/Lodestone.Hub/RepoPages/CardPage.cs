using Lodestone.Ui;
using Microsoft.AspNetCore.Components;

namespace Lodestone.Hub;

/// <summary>A repository's first page, which is its card: the file README.md of main.</summary>
public abstract class CardPage : RepoPage
{
    private const long MaxCard = 4 * 1024 * 1024;

    [Inject]
    private RepoContent Content { get; set; } = null!; // the framework gives it

    [Inject]
    private CardMarkdown Cards { get; set; } = null!; // likewise

    /// <summary>Null when there is none, or nothing but metadata in it.</summary>
    protected RenderedCard? Card { get; private set; }

    /// <summary>The whole file; null when there is none.</summary>
    protected string? Text { get; private set; }

    protected override async Task OnInitializedAsync()
    {
        var text = await Content.ReadTextAsync(View.Tree, "README.md", MaxCard, Context.RequestAborted);
        Text = text;
        if (text is not null && !string.IsNullOrWhiteSpace(FrontMatter.Read(text).Body))
        {
            Card = Cards.Render(text, CardPlaces.Of(View, ""));
        }
    }
}
