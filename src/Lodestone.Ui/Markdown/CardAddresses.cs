namespace Lodestone.Ui;

/// <summary>Where the relative addresses in a card lead.</summary>
/// <param name="Link">From a path in the repository, such as <c>docs/usage.md</c>, to its page: <c>/owner/name/blob/main/docs/usage.md</c>.</param>
/// <param name="Image">From a path in the repository to its bytes: <c>/owner/name/resolve/main/plot.png</c>.</param>
public sealed record CardAddresses(Func<string, string> Link, Func<string, string> Image)
{
    /// <summary>Where in the repository the card lies, as in an address: what its relative addresses begin from. Empty for the root.</summary>
    public string Folder { get; init; } = "";

    /// <summary>From a name with an @ before it to the page of whoever has it; null for nobody.</summary>
    public Func<string, string?>? Person { get; init; }
}
