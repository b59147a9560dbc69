using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Ui;

[NoDatabase]
public sealed class ComponentTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_bar_chart_shows_each_value_as_a_bar_and_in_a_table()
    {
        var page = await Render<BarChart>(new()
        {
            ["Label"] = "Spend by day",
            ["Bars"] = (Bar[])[new("1 Nov", 2, "$2.00"), new("2 Nov", 0, "$0.00"), new("3 Nov", 4, "$4.00")],
        });

        Assert.Equal(["1 Nov: $2.00", "2 Nov: $0.00", "3 Nov: $4.00"], page.QuerySelectorAll("svg title").Select(t => t.TextContent));
        Assert.Equal(["81", "162"], page.QuerySelectorAll(".chart__bar").Select(b => b.GetAttribute("height")));
        Assert.Equal(["$2.00", "$0.00", "$4.00"], page.QuerySelectorAll("tbody td").Select(d => d.TextContent));
    }

    [Fact]
    public async Task A_chart_without_bars_is_an_empty_axis()
    {
        var page = await Render<BarChart>(new() { ["Label"] = "Spend by day", ["Bars"] = Array.Empty<Bar>() });

        Assert.Empty(page.QuerySelectorAll(".chart__bar"));
    }

    [Fact]
    public async Task A_field_names_its_error_and_hint_to_those_who_hear_it()
    {
        var page = await Render<Field>(new() { ["Label"] = "Name", ["Name"] = "name", ["Error"] = "Taken.", ["Hint"] = "Letters." });

        var input = Assert.Single(page.QuerySelectorAll("input"));
        var described = (input.GetAttribute("aria-describedby") ?? "").Split(' ').Select(id => page.QuerySelector($"#{id}")?.TextContent);
        Assert.Equal(["Taken.", "Letters."], described);
        Assert.Equal("true", input.GetAttribute("aria-invalid"));
        Assert.Equal(input.Id, page.QuerySelector("label")?.GetAttribute("for"));
    }

    [Fact]
    public async Task A_choice_shows_what_was_chosen()
    {
        var page = await Render<Field>(new()
        {
            ["Label"] = "Role",
            ["Name"] = "role",
            ["Value"] = "write",
            ["Options"] = (Option[])[new("read", "Read"), new("write", "Write")],
        });

        Assert.Equal("Write", Assert.Single(page.QuerySelectorAll("option[selected]")).TextContent);
    }

    [Fact]
    public async Task A_moment_carries_its_exact_time_with_the_zone()
    {
        var page = await Render<TimeAgo>(new() { ["At"] = new DateTimeOffset(2026, 11, 26, 11, 0, 0, TimeSpan.FromHours(1)) });

        var time = Assert.Single(page.QuerySelectorAll("time"));
        Assert.Equal("2 hours ago", time.TextContent);
        Assert.Equal("2026-11-26 10:00:00 UTC", time.GetAttribute("title"));
        Assert.Equal("2026-11-26T10:00:00Z", time.GetAttribute("datetime"));
    }

    [Fact]
    public async Task A_rounded_amount_carries_the_exact_one()
    {
        var page = await Render<MoneyText>(new() { ["Value"] = new Money(5_204_123_456, Currency.Usd) });

        var amount = Assert.Single(page.QuerySelectorAll("span"));
        Assert.Equal("$0.0052", amount.TextContent);
        Assert.Equal("0.005204123456 USD", amount.GetAttribute("title"));
    }

    [Fact]
    public async Task Everybody_has_the_same_avatar_everywhere()
    {
        var (one, again, other) = (await Avatar("alice"), await Avatar("Alice"), await Avatar("bob"));

        Assert.Equal(one, again);
        Assert.NotEqual(one, other);
    }

    [Fact]
    public async Task Each_tab_has_its_code_and_a_button_that_copies_it()
    {
        var page = await Render<CodeTabs>(new() { ["Snippets"] = (Snippet[])[new("Python", "print(1)", "python"), new("curl", "curl <url>")] });

        var copied = page.QuerySelectorAll("copy-button").Select(b => b.ParentElement?.QuerySelector("pre > code")?.TextContent);
        Assert.Equal(["print(1)", "curl <url>"], copied);
        Assert.Single(page.QuerySelectorAll("input[checked]"));
    }

    private static async Task<string> Avatar(string name) => (await Render<Avatar>(new() { ["Name"] = name })).InnerHtml;

    private static async Task<IElement> Render<TComponent>(Dictionary<string, object?> parameters)
        where TComponent : IComponent
    {
        await using var services = new ServiceCollection().AddSingleton<TimeProvider>(new FakeTimeProvider(Now)).BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TComponent>(ParameterView.FromDictionary(parameters))).ToHtmlString());
        return new HtmlParser().ParseDocument($"<body>{html}").Body!; // the parser always makes one
    }
}
