using System.Net;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Lodestone.Tests;

/// <summary>Uses pages as a browser without script does: keeps cookies, fills in the forms that it was shown, follows no redirect by itself.</summary>
public sealed class PageClient : IDisposable
{
    private readonly HttpClient _http;

    public PageClient(TestServer server)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = Cookies };
        _http = new HttpClient(handler) { BaseAddress = server.Url };
        _http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    public CookieContainer Cookies { get; } = new();

    public async Task<Page> OpenAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        return await ReadAsync(answer);
    }

    /// <summary>Sends one of the page's forms with what the person typed in place of what it holds.</summary>
    /// <param name="page">As it was opened.</param>
    /// <param name="form">CSS selector of the form, or the name of its handler.</param>
    /// <param name="typed">Fields by name.</param>
    public async Task<Page> SendAsync(Page page, string form, params (string Name, string Value)[] typed)
    {
        var element = page.Form(form);
        var fields = element.Elements.OfType<IHtmlInputElement>()
            .Where(i => i.Name is not null && (i.Type is not ("checkbox" or "radio") || i.IsChecked))
            .Select(i => KeyValuePair.Create(i.Name!, i.Value)) // filtered in the line above
            .Concat(element.Elements.OfType<IHtmlSelectElement>().Select(s => KeyValuePair.Create(s.Name!, s.Value ?? ""))) // ours all have names
            .Where(f => typed.All(t => t.Name != f.Key))
            .Concat(typed.Select(t => KeyValuePair.Create(t.Name, t.Value)));
        return await PostAsync(element.GetAttribute("action") is { Length: > 0 } action ? action : page.Path, fields);
    }

    public async Task<Page> PostAsync(string path, IEnumerable<KeyValuePair<string, string>> fields, string site = "same-origin")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) };
        request.Headers.Add("Sec-Fetch-Site", site);
        using var answer = await _http.SendAsync(request);
        return await ReadAsync(answer);
    }

    /// <summary>Sends one of the page's forms with files, as a browser does.</summary>
    public async Task<Page> SendFilesAsync(Page page, string form, (string Name, string Value)[] typed, params (string Name, byte[] Content)[] files)
    {
        using var body = new MultipartFormDataContent();
        foreach (var field in page.Form(form).Elements.OfType<IHtmlInputElement>().Where(i => i.Type is "hidden" && i.Name is not null))
        {
            body.Add(new StringContent(field.Value), field.Name!); // filtered in the line above
        }

        foreach (var (name, value) in typed)
        {
            body.Add(new StringContent(value), name);
        }

        foreach (var (name, content) in files)
        {
            body.Add(new ByteArrayContent(content), "files", name);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, page.Path) { Content = body };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        using var answer = await _http.SendAsync(request);
        return await ReadAsync(answer);
    }

    public void Dispose() => _http.Dispose();

    private static async Task<Page> ReadAsync(HttpResponseMessage answer) => new(
        answer.RequestMessage!.RequestUri!.PathAndQuery, // it was sent
        answer.StatusCode,
        answer.Headers.Location,
        [.. answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : []],
        answer.Headers.RetryAfter?.Delta,
        await answer.Content.ReadAsStringAsync());
}

/// <param name="Path">With the query.</param>
/// <param name="Location">Where a redirect leads.</param>
/// <param name="SetCookies">As sent.</param>
/// <param name="Html">As sent.</param>
public sealed record Page(string Path, HttpStatusCode Status, Uri? Location, IReadOnlyList<string> SetCookies, TimeSpan? RetryAfter, string Html)
{
    public IHtmlDocument Document { get; } = new HtmlParser().ParseDocument(Html);

    public string Text(string selector) =>
        Document.QuerySelector(selector)?.TextContent.Trim() ?? throw new InvalidOperationException($"Nothing matches {selector} on {Path}: {Html}");

    public string Value(string field) =>
        (Document.QuerySelector($"[name={field}]") as IHtmlInputElement)?.Value ?? throw new InvalidOperationException($"No field {field} on {Path}: {Html}");

    internal IHtmlFormElement Form(string form) =>
        Document.Forms.FirstOrDefault(f => f.QuerySelector($"input[name=_handler][value='{form}']") is not null || f.GetAttribute("action") == form)
        ?? throw new InvalidOperationException($"No form {form} on {Path}: {Html}");
}
