using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>Where the relative addresses in a Markdown file of a repository lead.</summary>
internal static class CardPlaces
{
    /// <param name="folder">Of the file; empty for the root.</param>
    public static CardAddresses Of(RepoView view, string folder)
    {
        return new CardAddresses(path => Place("blob", path), path => Place("resolve", path)) { Folder = RepoAddress.Escape(folder) };

        // Authors write some addresses escaped and some not.
        string Place(string verb, string path) => view.Here(verb, Uri.UnescapeDataString(path));
    }
}
