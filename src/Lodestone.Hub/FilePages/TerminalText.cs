using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>What programs write to terminals, as text: without colours and other commands, and of a line that was written over only what stands there last.</summary>
internal static partial class TerminalText
{
    public static string Plain(string written)
    {
        var text = Commands().Replace(written, "");
        return text.Contains('\r', StringComparison.Ordinal) ? string.Join('\n', text.Split('\n').Select(LastWritten)) : text;
    }

    private static string LastWritten(string line)
    {
        var text = line.TrimEnd('\r');
        return text[(text.LastIndexOf('\r') + 1)..];
    }

    // ECMA-48: control sequences, operating system commands with their end, other escapes; then control characters that show nothing.
    [GeneratedRegex(@"\e\[[0-?]*[ -/]*[@-~]|\e\][^\a\e]*(\a|\e\\)?|\e[@-Z\\-_]|[\0-\b\v\f\x0e-\x1f\x7f]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Commands();
}
