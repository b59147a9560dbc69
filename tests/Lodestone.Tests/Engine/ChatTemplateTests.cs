using Lodestone.Engine.Templates;
using Microsoft.Extensions.Time.Testing;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class ChatTemplateTests
{
    private static readonly FakeTimeProvider Clock = new(new DateTimeOffset(2026, 3, 9, 14, 5, 0, TimeSpan.Zero));

    [Theory]
    [InlineData("{{ 1 + 2 * 3 }}", "7")]
    [InlineData("{{ (1 + 2) * 3 }}", "9")]
    [InlineData("{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }}", "3 -4 1 2 3.5 1024")]
    [InlineData("{{ 4 / 2 }} {{ 1.0 }} {{ 0.1 + 0.2 }}", "2.0 1.0 0.30000000000000004")]
    [InlineData("{{ 'a' ~ 1 ~ none ~ true }}", "a1NoneTrue")]
    [InlineData("{{ 'a' 'b' + \"c\\n\" }}|", "abc\n|")]
    [InlineData("{{ 'a' if false else 'b' }}{{ 'x' if false }}", "b")]
    [InlineData("{{ not true or true and false }}", "False")]
    [InlineData("{{ '' or 'x' }}{{ 'y' and 'z' }}", "xz")]
    [InlineData("{{ 1 < 2 }} {{ 'b' > 'a' }} {{ 1 == 1.0 }} {{ 'a' != 'a' }}", "True True True False")]
    [InlineData("{{ 'ell' in 'hello' }} {{ 3 in [1, 2] }} {{ 'k' in {'k': 1} }} {{ 3 not in [1, 2] }}", "True False True True")]
    [InlineData("{{ [1, 2, 3][0] }} {{ [1, 2, 3][-1] }} {{ 'hello'[1:3] }} {{ [1, 2, 3][1:] }} {{ [1, 2, 3][::-1] }}", "1 3 el [2, 3] [3, 2, 1]")]
    [InlineData("{{ {'a': {'b': 'c'}}.a.b }} {{ {'a': 1}['a'] }} {{ {'a': 1}.get('z', 5) }}", "c 1 5")]
    [InlineData("{{ missing }}{{ missing is defined }}{{ missing is not defined }}", "FalseTrue")]
    [InlineData("{{ none is none }} {{ 'a' is string }} {{ 3 is number }} {{ {} is mapping }} {{ [] is iterable }} {{ 4 is divisibleby 2 }}", "True True True True True True")]
    [InlineData("{{ true is true }} {{ 1 is true }} {{ 3 is odd and 4 is even }}", "True False True")]
    public void Expressions_mean_what_they_mean_in_Python(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ '  a ' | trim }}|{{ 'A' | lower }}{{ 'b' | upper }}{{ 'hello world' | title }}{{ 'ABC' | capitalize }}", "a|aBHello WorldAbc")]
    [InlineData("{{ [1, 2] | length }}{{ 'abc' | count }}{{ [3, 1] | sort | join(', ') }}", "231, 3")]
    [InlineData("{{ missing | default('d') }}{{ '' | default('e', true) }}{{ 'f' | d('g') }}", "def")]
    [InlineData("{{ [1, 2, 3] | first }}{{ [1, 2, 3] | last }}{{ [1, 1, 2] | unique | list }}", "13[1, 2]")]
    [InlineData("{{ {'a': [1, 'x\\n', none, true, 1.5]} | tojson }}", "{\"a\": [1, \"x\\n\", null, true, 1.5]}")]
    [InlineData("{{ {'a': 1, 'b': []} | tojson(indent=2) }}", "{\n  \"a\": 1,\n  \"b\": []\n}")]
    [InlineData("{{ [{'r': 'a', 'n': 1}, {'r': 'b', 'n': 2}] | selectattr('r', 'equalto', 'b') | map(attribute='n') | list }}", "[2]")]
    [InlineData("{{ '12' | int + 1 }} {{ 'x' | int }} {{ 3.7 | int }} {{ 'a' | string }} {{ 2.5 | round }} {{ -3 | abs }}", "13 0 3 a 2.0 3")]
    [InlineData("{{ 'a\nb' | indent(2) }}", "a\n  b")]
    [InlineData("{{ 'a-b-c'.split('-') | join('+') }} {{ ' x '.strip() }} {{ 'abc'.startswith('ab') }} {{ 'aXbX'.replace('X', '') }}", "a+b+c x True ab")]
    [InlineData("{{ {2: 'b', 1: 'a'} | dictsort | first }} {{ {1: 'a'}[1] }} {{ none | select | list }} {{ '<{}|{}>'.format('x', 2) }}", "[1, 'a'] a [] <x|2>")]
    [InlineData("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}", "a1b2")]
    public void Filters_and_methods_work(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{% if a %}1{% elif true %}2{% else %}3{% endif %}", "2")]
    [InlineData("{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.first }}{{ loop.last }} {% endfor %}", "1TrueFalse 2FalseFalse 3FalseTrue ")]
    [InlineData("{% for x in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData("{% for x in [1, 2, 3, 4] if x is even %}{{ x }}{{ loop.length }}{% endfor %}", "2242")]
    [InlineData("{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}", "02")]
    [InlineData("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}", "1")]
    [InlineData("{% set ns = namespace(x=1) %}{% for i in [1] %}{% set ns.x = 2 %}{% endfor %}{{ ns.x }}", "2")]
    [InlineData("{% set a, b = [1, 2] %}{{ b }}{% set c %}x{{ a }}{% endset %}{{ c }}", "2x1")]
    [InlineData("{% macro m(a, b='d') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "[1d][12]")]
    [InlineData("{% filter upper %}a{% endfilter %}{% raw %}{{ x }}{% endraw %}{# gone #}{% generation %}g{% endgeneration %}", "A{{ x }}g")]
    [InlineData("{{ strftime_now('%d %b %Y') }}", "09 Mar 2026")]
    public void Statements_work(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("a\n  {% if true %}\nb\n  {% endif %}\nc", "a\nb\nc")]
    [InlineData("a  {%- if true -%}  b  {%- endif -%}  c", "abc")]
    [InlineData("a {{- ' b' -}} c\n", "a bc")]
    [InlineData("x {% if true %}\ny{% endif %} z", "x y z")]
    [InlineData("  {%+ if true +%}\nb{% endif %}", "  \nb")]
    public void Whitespace_follows_the_settings_of_published_templates(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{% if x %}", "missing")]
    [InlineData("{{ 1 +", "not closed")]
    [InlineData("{{ x | nosuch }}", "'nosuch' is not known")]
    [InlineData("{% include 'x' %}", "'include' is not known")]
    [InlineData("{{ x.y }}", "undefined")]
    [InlineData("{{ 'a' < 1 }}", "compares")]
    [InlineData("{{ 1 / 0 }}", "zero")]
    public void A_fault_is_named(string template, string part) =>
        Assert.Contains(part, Assert.Throws<TemplateFault>(() => Render(template)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{{ 'a' * 999999999999 }}")]
    [InlineData("{% for x in range(0, 9999999999) %}{% endfor %}")]
    public void A_template_cannot_run_away(string template) => Assert.Throws<TemplateFault>(() => Render(template));

    [Fact]
    public void Deep_nesting_is_refused_rather_than_overflowing_the_stack()
    {
        Assert.Throws<TemplateFault>(() => Render("{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}"));
        Assert.Throws<TemplateFault>(() => Render("{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 5000)) + " }}"));
        Assert.Throws<TemplateFault>(() => Render("{{ " + string.Concat(Enumerable.Repeat("not ", 5000)) + "1 }}"));
    }

    [Fact]
    public void A_template_may_refuse_a_conversation()
    {
        var fault = Assert.Throws<TemplateFault>(() => Render("{{ raise_exception('Roles must alternate') }}"));

        Assert.True(fault.IsRaisedByTemplate);
        Assert.Equal("Roles must alternate", fault.Message);
    }

    [Theory]
    [InlineData("{{ m.content }}", "<|x|>")]
    [InlineData("{{ m.content | trim | upper }}", "<|X|>")]
    [InlineData("{{ m['content'].split('|')[1] }}", "x")]
    [InlineData("{{ m.content | replace('x', 'yy') }}", "<||>")]
    [InlineData("{{ m.content[1:3] ~ '!' }}", "|x")]
    [InlineData("{% set t = '<' ~ m.content %}{{ t }}", "<|x|>")]
    [InlineData("{{ m | tojson }}", "\"<|x|>\"")]
    [InlineData("{% filter lower %}{{ m.content }}{% endfilter %}", "<|x|>")]
    [InlineData("{% macro say(t) %}[{{ t }}]{% endmacro %}{{ say(m.content) }}", "<|x|>")]
    public void A_callers_text_keeps_its_mark(string template, string marked)
    {
        var rendered = RenderMarked("<|a|>" + template + "<|b|>");

        Assert.Equal(marked, string.Concat(rendered.Marks.Select(mark => rendered.Value[mark.Start..mark.End])));
        Assert.True(rendered.IsTrusted(0, 5));
        Assert.True(rendered.IsTrusted(rendered.Length - 5, 5));
    }

    private static string Render(string template) => RenderMarked(template).Value;

    private static MarkedText RenderMarked(string template)
    {
        var message = new Map();
        message.Put("content", MarkedText.FromCaller("<|x|>"));
        return ChatTemplate.Parse(template).Render([new("m", message)], Clock);
    }
}
