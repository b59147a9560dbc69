namespace Lodestone.Hub;

/// <summary>How pages speak of a type of repository.</summary>
/// <param name="Noun">One, within a sentence.</param>
/// <param name="Plural">Several, within a sentence.</param>
/// <param name="Title">Several, at the head of a page.</param>
/// <param name="NewHref">Where one is made.</param>
internal sealed record TypeWords(string Noun, string Plural, string Title, string Icon, string NewHref);

internal static class TypeWording
{
    private static readonly TypeWords Model = new("model", "models", "Models", "cube", Ui.AccountPaths.NewRepository);
    private static readonly TypeWords Dataset = new("data set", "data sets", "Data sets", "table", Ui.AccountPaths.NewDataset);
    private static readonly TypeWords Space = new("space", "spaces", "Spaces", "app", Ui.AccountPaths.NewSpace);

    public static TypeWords Words(this RepoType type) => type switch
    {
        RepoType.Model => Model,
        RepoType.Dataset => Dataset,
        _ => Space,
    };
}
