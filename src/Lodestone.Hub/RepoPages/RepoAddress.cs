using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Where the pages of a repository are.</summary>
public static class RepoAddress
{
    /// <summary>The first segment of a name's pages. What else begins an address of two segments answers in its own way when it is wrong.</summary>
    internal const string Owner = "/{Owner:account}";

    internal const string Model = Owner + "/{Name}";

    internal const string Dataset = "/datasets/{Owner}/{Name}";

    internal const string Space = "/spaces/{Owner}/{Name}";

    /// <summary>Data sets and spaces, whose pages begin with their type.</summary>
    internal const string Typed = "/{Kind:repoPrefix}/{Owner}/{Name}";

    /// <summary>The segment behind the name, which says which page it is; empty on the first.</summary>
    internal static string SectionOf(HttpContext context)
    {
        var segments = (context.Request.Path.Value ?? "").Trim('/').Split('/');
        return segments.ElementAtOrDefault(RepoTypes.FromSegment(segments[0]) is null ? 2 : 3) ?? "";
    }

    /// <summary>The page shows what files hold.</summary>
    internal static bool IsContent(HttpContext context) => SectionOf(context) is "blob" or "edit" or "commit" or "compare" or "discussions";

    /// <summary>A path as it goes into an address: every segment escaped, the slashes kept.</summary>
    internal static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
