using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Lodestone.Tests.Ui;

/// <summary>Contrast by WCAG 2.2, success criteria 1.4.3 (text) and 1.4.11 (edges of controls), computed from the tokens themselves.</summary>
[NoDatabase]
public sealed partial class TokensTests
{
    private const double Text = 4.5;
    private const double Edge = 3;

    private static readonly Dictionary<string, (double Light, double Dark)> Luminance = Colours()
        .Matches(File.ReadAllText(Path.Combine(Root(), "src/Lodestone.Ui/Styles/tokens.css")))
        .ToDictionary(m => m.Groups["name"].Value, m => (Read(m, "l"), Read(m, "d")), StringComparer.Ordinal);

    public static MatrixTheoryData<string, string> TextOnSurfaces { get; } = new(
        ["ink", "ink-muted", "ink-faint", "accent", "accent-strong", "good", "warn", "bad"], ["canvas", "surface", "raised", "sunken"]);

    [Theory]
    [MemberData(nameof(TextOnSurfaces))]
    [InlineData("ink", "hover")]
    [InlineData("ink-muted", "hover")]
    [InlineData("on-accent", "accent")]
    [InlineData("on-accent", "accent-strong")]
    [InlineData("on-bad", "bad")]
    [InlineData("accent-strong", "accent-wash")]
    [InlineData("ink", "accent-wash")]
    [InlineData("accent", "accent-wash")]
    [InlineData("ink", "good-wash")]
    [InlineData("good", "good-wash")]
    [InlineData("ink", "warn-wash")]
    [InlineData("warn", "warn-wash")]
    [InlineData("accent", "warn-wash")]
    [InlineData("ink", "bad-wash")]
    [InlineData("bad", "bad-wash")]
    [InlineData("accent", "bad-wash")]
    [InlineData("syntax-string", "sunken")]
    [InlineData("syntax-keyword", "sunken")]
    [InlineData("syntax-number", "sunken")]
    public void Text_can_be_read_in_light_and_in_dark(string ink, string surface) => AssertContrast(ink, surface, Text);

    [Theory]
    [InlineData("line-strong", "surface")]
    [InlineData("line-strong", "canvas")]
    [InlineData("accent", "surface")]
    [InlineData("accent", "canvas")]
    public void The_edge_of_a_control_can_be_seen(string edge, string surface) => AssertContrast(edge, surface, Edge);

    private static void AssertContrast(string ink, string surface, double least)
    {
        Assert.InRange(Ratio(Luminance[ink].Light, Luminance[surface].Light), least, 21);
        Assert.InRange(Ratio(Luminance[ink].Dark, Luminance[surface].Dark), least, 21);
    }

    private static double Ratio(double one, double other) => (Math.Max(one, other) + 0.05) / (Math.Min(one, other) + 0.05);

    private static double Read(Match match, string scheme) => LuminanceOf(
        Number(match, scheme + "1") / 100, Number(match, scheme + "2"), Number(match, scheme + "3") * Math.PI / 180);

    private static double Number(Match match, string group) => double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    // CSS Color 4, section 10: OKLCH to linear sRGB; what the screen cannot show is cut off, as browsers do.
    private static double LuminanceOf(double lightness, double chroma, double hue)
    {
        var (a, b) = (chroma * Math.Cos(hue), chroma * Math.Sin(hue));
        var l = Math.Pow(lightness + (0.3963377774 * a) + (0.2158037573 * b), 3);
        var m = Math.Pow(lightness - (0.1055613458 * a) - (0.0638541728 * b), 3);
        var s = Math.Pow(lightness - (0.0894841775 * a) - (1.2914855480 * b), 3);
        var red = Math.Clamp((4.0767416621 * l) - (3.3077115913 * m) + (0.2309699292 * s), 0, 1);
        var green = Math.Clamp((-1.2684380046 * l) + (2.6097574011 * m) - (0.3413193965 * s), 0, 1);
        var blue = Math.Clamp((-0.0041960863 * l) - (0.7034186147 * m) + (1.7076147010 * s), 0, 1);
        return (0.2126 * red) + (0.7152 * green) + (0.0722 * blue);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here) ?? "", "../../.."));

    [GeneratedRegex(
        @"--(?<name>[\w-]+): light-dark\(oklch\((?<l1>[\d.]+)% (?<l2>[\d.]+) (?<l3>[\d.]+)\), oklch\((?<d1>[\d.]+)% (?<d2>[\d.]+) (?<d3>[\d.]+)\)\)",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Colours();
}
