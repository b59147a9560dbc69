using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Lodestone.Tests.Hub.Pages;

/// <summary>Opening pages as a reader without script does.</summary>
internal static class PageReading
{
    public static async Task<IHtmlDocument> PageAsync(this HttpClient client, string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html");
        using var answer = await client.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode}: {body}");
        return new HtmlParser().ParseDocument(body);
    }

    /// <summary>The text of the first element that fits, white space collapsed.</summary>
    public static string TextOf(this IParentNode page, string selector) =>
        Collapsed(page.QuerySelector(selector) ?? throw new Xunit.Sdk.XunitException($"The page has no {selector}."));

    public static string[] TextsOf(this IParentNode page, string selector) => [.. page.QuerySelectorAll(selector).Select(Collapsed)];

    private static string Collapsed(IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
