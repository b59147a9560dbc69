using Microsoft.Playwright;

namespace Lodestone.BrowserTests;

/// <summary>What each screen of the hub must have, element by element, and that a keyboard reaches all of it.</summary>
public sealed class ScreensTests(Browser browser, ScreensWorld screens) : IClassFixture<ScreensWorld>
{
    private static readonly (string Element, string Selector)[] Model =
    [
        ("owner and name", "h1:has-text('acme/compass')"),
        ("copy of the name", ".page-header copy-button[value='acme/compass']"),
        ("like", "button[name=liked]"),
        ("watch", "button[name=watched]"),
        ("task", ".repo-tags .tag:has-text('Text generation')"),
        ("library", ".repo-tags .tag:has-text('transformers')"),
        ("licence", ".repo-tags .tag:has-text('mit')"),
        ("language", ".repo-tags .tag:has-text('en')"),
        ("arXiv link", ".repo-tags a[href='https://arxiv.org/abs/2401.01234']"),
        ("DOI link", ".repo-tags a[href='https://doi.org/10.1000/compass']"),
        ("base model", ".base-line:has-text('elsewhere/base')"),
        ("tab Card", ".tabs a[aria-current=page]:has-text('Card')"),
        ("tab Files", ".tabs a:has-text('Files')"),
        ("tab Community with count", ".tabs a:has-text('Community') .count:has-text('2')"),
        ("tab Metrics", ".tabs a:has-text('Metrics')"),
        ("tab Lineage", ".tabs a:has-text('Lineage')"),
        ("tab Settings", ".tabs a:has-text('Settings')"),
        ("downloads in 30 days", "aside .model-stats:has-text('Downloads in 30 days')"),
        ("weights: parameters", "aside .card:has(h2:text-is('Weights')) dt:has-text('Parameters')"),
        ("weights: tensor types", "aside .card:has(h2:text-is('Weights')) dd:has-text('BF16')"),
        ("weights: size", "aside .card:has(h2:text-is('Weights')) dt:has-text('Size')"),
        ("weights: chat template", "aside .card:has(h2:text-is('Weights')) summary:has-text('Chat template')"),
        ("weights: files info", "aside .card:has(h2:text-is('Weights')) a:has-text('Files info')"),
        ("GGUF: quantization", ".gguf-files a:has-text('Q8_0')"),
        ("GGUF: bits", ".gguf-files :text('bits a weight')"),
        ("GGUF: size", ".gguf-files__size"),
        ("GGUF: fit", ".gguf-files__fit:has-text('fits 4 GiB')"),
        ("try it, with its state", "aside .card:has(h2:text-is('Try it')):has-text('Wakes when called') a[href^='/playground/']"),
        ("model tree: base", ".tree__base:has-text('elsewhere/base')"),
        ("model tree: fine-tunes", ".tree__kin:has-text('Fine-tunes 1')"),
        ("model tree: adapters", ".tree__kin:has-text('Adapters 1')"),
        ("model tree: merges", ".tree__kin:has-text('Merges 1')"),
        ("model tree: quantizations", ".tree__kin:has-text('Quantizations 1')"),
        ("data sets used", "aside .card:has(h2:text-is('Data sets used')) a[href='/datasets/acme/points']"),
        ("data sets elsewhere", "aside .card:has(h2:text-is('Data sets used')) span:has-text('elsewhere/needles')"),
        ("apps using it", "aside .card:has(h2:text-is('Spaces using it')) a[href='/spaces/acme/needle']"),
        ("evaluation: benchmark and score", ".evaluations li:has-text('Bearings') .evaluations__value:has-text('0.91')"),
        ("evaluation: source", ".evaluations a[href='https://acme.example/report']"),
        ("evaluation: reported or verified", ".evaluations .badge:has-text('Reported as verified')"),
        ("collections", ".collections-box a:has-text('Instruments')"),
        ("cite", "aside .card:has(h2:text-is('Cite')) summary"),
        ("card", "article.prose h1:text-is('Compass')"),
        ("table of contents", "aside a[href='#user-content-limits']"),
        ("edit card", ".card-acts a:has-text('Edit card')"),
        ("use this model", ".use-menu > summary"),
    ];

    private static readonly (string Element, string Selector)[] Models =
    [
        ("task", Facet("Task")), ("library", Facet("Library")), ("format", Facet("Format")), ("language", Facet("Language")), ("licence", Facet("Licence")),
        ("data set", Facet("Data set")), ("base model", Facet("Base model")), ("gated", ".facet__value:has-text('Asks for access')"), ("evaluated", ".facet__value:has-text('Evaluated')"),
        ("served here", ".facet__value:has-text('Served here') .facet__count"),
        ("size slider", "size-range input[type=range] >> nth=0"),
        ("fits my hardware", "form:has(h2:text-is('Fits my machine')) select[name=memory]"),
        ("sort: trending", Sort("Trending")), ("sort: downloads", Sort("Downloads")), ("sort: likes", Sort("Likes")), ("sort: updated", Sort("Updated")), ("sort: created", Sort("Newest")), ("sort: size", Sort("Size")),
        ("full text", "input[name=full_text]"),
        ("card: avatar", ".repo-card .avatar >> nth=0"), ("card: name", ".repo-card__link >> nth=0"), ("card: task", ".repo-card__facts:has-text('Text generation')"), ("card: parameters", ".repo-card__facts [title$=' parameters']"),
        ("card: updated", ".repo-card__facts time >> nth=0"), ("card: downloads", ".repo-card__facts [title$=' downloads'] >> nth=0"), ("card: likes", ".repo-card__facts [title$=' likes']"),
        ("card: gated", ".repo-card .badge:has-text('Gated')"), ("card: served", ".repo-card .badge:has-text('Served')"),
        ("next page by cursor", ".pager a[rel=next][href*='cursor=']"),
    ];

    private static readonly (string Element, string Selector)[] Community =
    [
        ("search in titles", "input[name=search]"), ("filter by status", "nav[aria-label=Status] a:has-text('closed')"), ("filter by kind", "nav[aria-label=Kind] a:has-text('Pull requests')"), ("sort", "summary:has-text('Sort')"),
        ("pinned", "[aria-label=Pinned] a:has-text('How large')"), ("filter by author", ".community__list a[href*='author=alice'] >> nth=0"), ("comments counted", ".community__counts [title$=' comments'] >> nth=0"),
        ("status of each", ".community__sign--open >> nth=0"), ("new discussion", "a:has-text('New discussion')"), ("new pull request", "a:has-text('New pull request')"),
    ];

    private static readonly (string Element, string Selector)[] Thread =
    [
        ("title and number", ".thread__title:has-text('#1')"), ("status", ".thread__head .badge:has-text('Open')"), ("comments", ".comment >> nth=1"), ("name as a link", ".comment a[href='/bob']:has-text('@bob')"), ("event", ".event:has-text('pinned it')"),
        ("react", ".reaction--more >> nth=0"), ("hide", ".comment__acts summary:has-text('Hide') >> nth=0"), ("pin", "button[value=unpin]"), ("lock", "button[value=lock]"), ("rename", "summary:has-text('Rename')"),
        ("delete", ".thread__acts summary:has-text('Delete')"), ("close", "button[value=close]"), ("write", "textarea[name=text]"), ("people in it", ".thread__side a[href='/alice']"),
    ];

    private static readonly (string Element, string Selector)[] Proposal =
    [
        ("branches", ".thread__head a:has-text('refs/pr/3')"), ("files changed", ".tabs a:has-text('Files changed')"), ("check: conflicts", ".merge__check:has-text('It fits its base')"), ("check: card", ".merge__check:has-text('The card can be read')"),
        ("check: licence", ".merge__check:has-text('The licence is mit')"), ("check: files", ".merge__check:has-text('large files')"), ("merge", ".merge__act button:has-text('Merge')"), ("add commits", ".merge__how summary"),
    ];

    private static readonly (string Element, string Selector)[] Gate =
    [
        ("gated state", ".page-header .badge:has-text('Gated')"), ("owner's heading", "#gate-title:has-text('Who are you?')"), ("owner's prompt", ".gate__prompt strong:has-text('Tell us')"), ("licence text", ".gate__licence:has-text('Do no harm.')"),
        ("field: text", "#gate label:has-text('Company')"), ("field: country", "#gate select:has(option:text-is('Choose a country'))"), ("field: checkbox", "#gate label:has-text('I will cite it') input"),
        ("acceptance of the licence", "#gate input[name=_licence]"), ("agree", "#gate .button--primary:has-text('I agree')"), ("what is shared and with whom", "#gate :text('acme will see')"), ("state", "#gate .badge:has-text('Not asked')"),
        ("for my whole organization", "#gate select[name=_organization] option[value=globex]"),
    ];

    private static readonly (string Element, string Selector)[] CardEditor =
    [
        ("text", "textarea[name=text]"), ("metadata: licence", "select[name='card.license']"), ("metadata: task", "[name='card.pipeline_tag']"), ("metadata: base models", "[name='card.base_model']"), ("metadata: data sets", "[name='card.datasets']"),
        ("put into the text", "button[value=apply]"), ("check", "button[value=check]"), ("template", "button[value=template]"), ("commit", ".button--primary:has-text('Commit to main')"),
    ];

    private static readonly (string Element, string Selector)[] Organization =
    [
        ("name", "h1:has-text('Acme Corporation')"), ("avatar", ".profile__who .avatar"), ("card from a repository", ".profile__card:has-text('We make compasses')"), ("members", "section:has(h2:text-is('Members')) a[href='/bob']"),
        ("models", ".tabs a:has-text('Models') .count"), ("data sets", ".tabs a:has-text('Data sets') .count"), ("spaces", ".tabs a:has-text('Spaces') .count"), ("collections", ".tabs a:has-text('Collections') .count"),
        ("activity", ".tabs a:has-text('Activity')"), ("follow", "button[name=followed]"), ("followers", ".profile__followers"), ("repositories", ".repo-card a[href='/acme/compass']"), ("new", "summary:has-text('New')"), ("service accounts", "a:has-text('Service accounts')"),
    ];

    private static readonly (string Element, string Selector)[] Profile =
    [
        ("name", "h1:has-text('Dora')"), ("avatar", ".profile__who .avatar"), ("website", "a[href='https://dora.example/']"), ("organizations", "section:has(h2:text-is('Organizations')) a[href='/acme']"), ("models", ".tabs a:has-text('Models') .count"),
        ("data sets", ".tabs a:has-text('Data sets')"), ("spaces", ".tabs a:has-text('Spaces')"), ("collections", ".tabs a:has-text('Collections')"), ("activity", ".tabs a:has-text('Activity')"), ("empty, with the next act", ".empty a:has-text('New model')"),
        ("edit", "a[href='/settings/profile']"), ("followers", ".profile__followers"),
    ];

    [Fact]
    public async Task Every_element_is_there_and_a_keyboard_reaches_it()
    {
        var page = await browser.OpenAsync(screens.World.Server);
        await screens.SignInAsync(page, "dora");
        using (var liked = await screens.World.As(screens.World.Alice).PostAsync("/api/models/acme/compass/like", content: null))
        {
            liked.EnsureSuccessStatusCode();
        }

        List<string> missing =
        [
            .. await MissingAsync(page, "/acme/compass", Model), .. await MissingAsync(page, "/models", Models), .. await MissingAsync(page, "/acme/compass/discussions", Community),
            .. await MissingAsync(page, "/acme/compass/discussions/1", Thread), .. await MissingAsync(page, "/acme/compass/discussions/3", Proposal),
            .. await MissingAsync(page, "/acme/compass/edit/main/README.md", CardEditor), .. await MissingAsync(page, "/acme", Organization), .. await MissingAsync(page, "/dora", Profile),
        ];
        var nora = await browser.OpenAsync(screens.World.Server);
        await screens.SignInAsync(nora, "nora");
        missing.AddRange(await MissingAsync(nora, "/acme/sextant", Gate));

        Assert.True(missing.Count == 0, string.Join('\n', missing));
    }

    [Theory]
    [InlineData("/acme/compass")]
    [InlineData("/models")]
    [InlineData("/acme/compass/discussions")]
    [InlineData("/acme/compass/discussions/1")]
    [InlineData("/acme/sextant")]
    [InlineData("/acme")]
    [InlineData("/dora")]
    public async Task A_telephone_in_the_dark_shows_it_without_scrolling_sideways(string path)
    {
        var page = await browser.OpenAsync(screens.World.Server, dark: true, width: 390, script: false);

        await page.GotoAsync(path);

        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
    }

    private static string Facet(string title) => $".facet:has(h2:text-is('{title}')) .facet__count >> nth=0";

    private static string Sort(string title) => $"[aria-label=Order] a:text-is('{title}')";

    private static async Task<IEnumerable<string>> MissingAsync(IPage page, string path, (string Element, string Selector)[] elements)
    {
        var missing = new List<string>();
        await page.GotoAsync(path);
        foreach (var (element, selector) in elements)
        {
            if (!await page.Locator(selector).First.IsVisibleAsync() && !(selector.Contains(" option", StringComparison.Ordinal) && await page.Locator(selector).CountAsync() > 0))
            {
                missing.Add($"{path}: {element}");
            }
        }

        return missing.Concat((await TabAsync(page)).Select(e => $"{path}: no key reaches {e}"));
    }

    /// <summary>Opens what opens by Enter, then goes through the page by Tab alone.</summary>
    /// <returns>What can be used and was never reached, or does not show that it was.</returns>
    private static async Task<string[]> TabAsync(IPage page)
    {
        var stops = await page.EvaluateAsync<int>("""
            () => {
              for (const details of document.querySelectorAll("main details")) details.open = true;
              document.addEventListener("focusin", ({ target: e }) => {
                const style = getComputedStyle(e.matches("input.visually-hidden") ? e.nextElementSibling : e);
                const around = [getComputedStyle(e, "::after"), getComputedStyle(e.closest(".card") ?? e)]; // a card whose name is a link shows it as a whole
                e.dataset.reached = [style, ...around].some((s) => s.outlineStyle !== "none" || s.boxShadow !== "none") ? "shown" : "unseen";
              });
              document.activeElement?.blur();
              window.usable = () => [...document.querySelectorAll("a[href], button, summary, input, select, textarea, [tabindex='0']")]
                .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && e.type !== "hidden" && !(e.type === "radio" && !e.checked));
              return window.usable().length;
            }
            """);
        for (var step = 0; step < stops + 2; step++)
        {
            await page.Keyboard.PressAsync("Tab");
        }

        return await page.EvaluateAsync<string[]>("""() => window.usable().filter((e) => e.dataset.reached !== "shown").map((e) => `${e.dataset.reached ?? ""} ${e.outerHTML.slice(0, 120)}`)""");
    }
}
