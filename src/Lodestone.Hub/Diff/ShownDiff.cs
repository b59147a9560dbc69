namespace Lodestone.Hub;

/// <summary>A comparison and the page that shows it.</summary>
/// <param name="Here">The page's address for the whole comparison.</param>
/// <param name="Only">The path of the one file that is shown, when it is one.</param>
internal sealed record ShownDiff(RepoView View, RevisionRange Range, ChangedFiles Changed, string Here, string? Only)
{
    public string RawHref => $"{View.ApiHref}/compare/{Uri.EscapeDataString(Range.BaseName)}..{Uri.EscapeDataString(Range.HeadName)}?raw=true";

    public static ShownDiff Read(RepoView view, RevisionRange range, string here, string? only, CancellationToken cancel) =>
        new(view, range, ChangedFiles.Read(view.Git, range, only, cancel), here, only);

    public string Alone(string path) => $"{Here}{(Here.Contains('?') ? '&' : '?')}file={Uri.EscapeDataString(path)}";
}
