namespace Lodestone.Hub;

/// <summary>Where the pages of a repository are.</summary>
public static class RepoAddress
{
    /// <summary>The first segment of a name's pages. What else begins an address of two segments answers in its own way when it is wrong.</summary>
    internal const string Owner = "/{Owner:regex(^(?!(api|v1|v2|health|models|datasets|spaces|playground|settings|admin|oauth)$))}";

    internal const string Model = Owner + "/{Name}";

    /// <summary>A path as it goes into an address: every segment escaped, the slashes kept.</summary>
    internal static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
