using AngleSharp.Dom;

namespace Lodestone.Ui;

/// <summary>
/// What remains to do on a sanitised card: ids get a prefix, so that they cannot stand for an element of the page; relative addresses
/// lead into the repository; an image of another host becomes a link, because a page may not make the reader's browser call strangers.
/// </summary>
internal static class CardLinks
{
    private const string IdPrefix = "user-content-";

    public static void Rewrite(IElement body, CardAddresses addresses)
    {
        foreach (var element in body.QuerySelectorAll("[id], [name]"))
        {
            PrefixId(element);
        }

        foreach (var input in body.QuerySelectorAll("input"))
        {
            KeepTaskMark(input);
        }

        foreach (var image in body.QuerySelectorAll("img"))
        {
            RewriteImage(image, addresses);
        }

        foreach (var link in body.QuerySelectorAll("a[href]"))
        {
            RewriteLink(link, addresses);
        }
    }

    public static void Colour(IElement body)
    {
        foreach (var code in body.QuerySelectorAll("pre > code[class^='language-']"))
        {
            code.InnerHtml = Highlight.Html(code.TextContent, code.ClassName?["language-".Length..]).Value;
        }
    }

    private static void PrefixId(IElement element)
    {
        if ((element.Id ?? element.GetAttribute("name")) is { Length: > 0 } id && (element.Id is not null || element.LocalName is "a"))
        {
            element.Id = IdPrefix + id;
        }

        element.RemoveAttribute("name");
    }

    private static void KeepTaskMark(IElement input)
    {
        if (input.GetAttribute("type") is not "checkbox")
        {
            input.Remove();
            return;
        }

        input.SetAttribute("disabled", "");
    }

    private static void RewriteImage(IElement image, CardAddresses addresses)
    {
        var source = image.GetAttribute("src");
        if (Local(source, addresses.Folder, addresses.Image) is { } local)
        {
            image.SetAttribute("src", local);
            image.SetAttribute("loading", "lazy");
            return;
        }

        var text = image.GetAttribute("alt") is { Length: > 0 } alt ? alt : "image";
        if (source is null || !IsElsewhere(source) || image.Closest("a") is not null)
        {
            image.Replace(image.Owner!.CreateTextNode(text)); // a node found in a document has an owner
            return;
        }

        var link = image.Owner!.CreateElement("a");
        link.SetAttribute("href", source);
        link.TextContent = text;
        image.Replace(link);
    }

    private static void RewriteLink(IElement link, CardAddresses addresses)
    {
        var address = (link.GetAttribute("href") ?? "").Trim();
        var kept = address.StartsWith('#') ? $"#{IdPrefix}{address[1..]}" : IsElsewhere(address) ? address : Local(address, addresses.Folder, addresses.Link);
        if (kept is null)
        {
            link.RemoveAttribute("href");
            return;
        }

        link.SetAttribute("href", kept);
        link.SetAttribute("rel", "nofollow noopener");
    }

    private static bool IsElsewhere(string address) =>
        address.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        || address.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || address.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase);

    /// <summary>An address on this server: absolute paths as they are, relative ones from the folder by <paramref name="place"/>; null for any other.</summary>
    private static string? Local(string? address, string folder, Func<string, string> place)
    {
        var path = address?.Trim() ?? "";
        var end = path.AsSpan().IndexOfAny('?', '#');
        var tail = end < 0 ? "" : path[end..];
        path = end < 0 ? path : path[..end];
        if (path.Length == 0 || path.Contains(':') || path.Contains('\\') || path.StartsWith("//", StringComparison.Ordinal))
        {
            return null; // another scheme or host, also as browsers read backslashes
        }

        return path[0] == '/' ? path + tail : Collapsed($"{folder}/{path}") is { } inside ? place(inside) + tail : null;
    }

    /// <summary>The path without <c>.</c> and <c>..</c>; null when it would leave the repository.</summary>
    private static string? Collapsed(string path)
    {
        var kept = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "..")
            {
                if (kept.Count == 0)
                {
                    return null;
                }

                kept.RemoveAt(kept.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                kept.Add(part);
            }
        }

        return kept.Count == 0 ? null : string.Join('/', kept);
    }
}
