using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>How the weights of a GGUF file are packed, as file names say it by custom.</summary>
internal static partial class Quantization
{
    /// <summary><c>Q4_K_M</c> of <c>model-Q4_K_M.gguf</c>; null when the name does not say.</summary>
    public static string? Of(string path) => Name().Match(Path.GetFileName(path)) is { Success: true } match ? match.Groups["name"].Value.ToUpperInvariant() : null;

    [GeneratedRegex(
        @"(?<![A-Za-z0-9])(?<name>I?Q\d(_\w+?)?|TQ\d_\d|BF16|F16|F32|MXFP4)(?=[.\-]|$)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Name();
}
