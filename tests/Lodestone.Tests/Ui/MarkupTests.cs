using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Lodestone.Tests.Ui;

/// <summary>What browsers would refuse under the content security policy is refused here, for every module's pages.</summary>
[NoDatabase]
public sealed partial class MarkupTests
{
    public static TheoryData<string> Files { get; } = new(
        Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.razor", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Root(), f)));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_page_has_no_inline_style_and_no_inline_script(string file)
    {
        var markup = File.ReadAllText(Path.Combine(Root(), file));

        Assert.DoesNotMatch(InlineStyle(), markup);
        Assert.DoesNotMatch(InlineScript(), markup);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here) ?? "", "../../.."));

    [GeneratedRegex(@"\sstyle\s*=|<style", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex InlineStyle();

    [GeneratedRegex(@"\son[a-z]+\s*=\s*""|<script(?![^>]*\ssrc=)|<ImportMap|href\s*=\s*""javascript:", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex InlineScript();
}
