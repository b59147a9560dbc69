using System.Globalization;

namespace Lodestone.Engine.Grammars;

/// <summary>Whole numbers between bounds, digit by digit.</summary>
internal static class IntegerRange
{
    /// <summary>No bound lies beyond: more digits than a double holds exactly are of no use in JSON.</summary>
    public const long Farthest = 999_999_999_999_999;

    /// <summary>An expression for the numbers from <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public static string Expression(long least, long most)
    {
        var parts = new List<string>();
        if (least < 0)
        {
            parts.Add($"\"-\" ({Positive(Math.Max(1, -most), -least)})");
        }

        if (most >= 0)
        {
            parts.Add(Positive(Math.Max(0, least), most));
        }

        return string.Join(" | ", parts);
    }

    private static string Positive(long least, long most)
    {
        var (low, high) = (Digits(least), Digits(most));
        var parts = new List<string>();
        for (var length = low.Length; length <= high.Length; length++)
        {
            var from = length == low.Length ? low : "1" + new string('0', length - 1);
            var to = length == high.Length ? high : new string('9', length);
            parts.Add(Between(from, to));
        }

        return string.Join(" | ", parts);
    }

    /// <summary>Numbers of equally many digits.</summary>
    private static string Between(string from, string to)
    {
        if (from.Length == 0)
        {
            return "";
        }

        if (from[0] == to[0])
        {
            return $"\"{from[0]}\" {Group(Between(from[1..], to[1..]))}".TrimEnd();
        }

        var rest = from.Length - 1;
        var parts = new List<string> { $"\"{from[0]}\" {Group(Between(from[1..], new string('9', rest)))}".TrimEnd() };
        if (to[0] - from[0] > 1)
        {
            parts.Add($"[{(char)(from[0] + 1)}-{(char)(to[0] - 1)}] {Any(rest)}".TrimEnd());
        }

        parts.Add($"\"{to[0]}\" {Group(Between(new string('0', rest), to[1..]))}".TrimEnd());
        return string.Join(" | ", parts);
    }

    private static string Group(string expression) => expression.Length == 0 ? "" : $"({expression})";

    private static string Any(int digits) => digits == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"[0-9]{{{digits}}}");

    private static string Digits(long number) => number.ToString(CultureInfo.InvariantCulture);
}
