using AngleSharp.Dom;

namespace Lodestone.Ui;

/// <summary>Makes links of names in prose whose owners have a page. What stands in code or in a link stays as it is.</summary>
internal static class MentionLinks
{
    /// <param name="body">Sanitised.</param>
    /// <param name="person">From a name to the page of whoever has it; null for nobody.</param>
    public static void Make(IElement body, Func<string, string?> person)
    {
        foreach (var text in body.Descendants<IText>().Where(IsProse).ToList())
        {
            Make(text, person);
        }
    }

    private static void Make(IText text, Func<string, string?> person)
    {
        var (prose, end) = (text.Data, 0);
        var parts = new List<INode>();
        var document = text.Owner!; // it is in one
        foreach (var mention in Mentioned.In(prose))
        {
            if (person(mention.Name) is not { } href)
            {
                continue;
            }

            var link = document.CreateElement("a");
            link.SetAttribute("href", href);
            link.TextContent = "@" + mention.Name;
            parts.Add(document.CreateTextNode(prose[end..mention.Index]));
            parts.Add(link);
            end = mention.Index + 1 + mention.Name.Length;
        }

        if (parts.Count > 0)
        {
            text.Replace([.. parts, document.CreateTextNode(prose[end..])]);
        }
    }

    private static bool IsProse(IText text)
    {
        for (var around = text.ParentElement; around is not null; around = around.ParentElement)
        {
            if (around.LocalName is "a" or "code" or "pre" or "kbd" or "samp" or "tt")
            {
                return false;
            }
        }

        return text.Data.Contains('@', StringComparison.Ordinal);
    }
}
