using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Lodestone.Hub;

/// <summary>Who and when, as a commit or tag records it. Whole seconds with the writer's offset.</summary>
internal sealed record GitSignature(string Name, string Email, DateTimeOffset When)
{
    private const string Crud = " .,:;<>\"\\'";

    /// <summary><c>Name &lt;email&gt; seconds +zzzz</c>. Characters that git forbids in names are taken out, as git does.</summary>
    public override string ToString()
    {
        var offset = When.Offset;
        var zone = (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hhmm", CultureInfo.InvariantCulture);
        return $"{Clean(Name)} <{Clean(Email)}> {When.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)} {zone}";
    }

    /// <summary>Reads leniently: history holds signatures without dates, with odd zones and with too many brackets.</summary>
    public static GitSignature Parse(ReadOnlySpan<byte> line)
    {
        var open = line.IndexOf((byte)'<');
        var close = line.LastIndexOf((byte)'>');
        if (open < 0 || close < open)
        {
            return new GitSignature(GitName.Decode(line).Trim(), "", DateTimeOffset.UnixEpoch);
        }

        var name = GitName.Decode(line[..open]).Trim();
        var email = GitName.Decode(line[(open + 1)..close]);
        return new GitSignature(name, email, ParseWhen(line[(close + 1)..].TrimStart((byte)' ')));
    }

    private static DateTimeOffset ParseWhen(ReadOnlySpan<byte> text)
    {
        if (!Utf8Parser.TryParse(text, out long seconds, out var consumed) || seconds is < 0 or > 253402300799)
        {
            return DateTimeOffset.UnixEpoch;
        }

        var instant = DateTimeOffset.FromUnixTimeSeconds(seconds);
        var zone = text[consumed..].Trim((byte)' ');
        if (zone.Length != 5 || !Utf8Parser.TryParse(zone[1..], out int digits, out _))
        {
            return instant;
        }

        var minutes = ((digits / 100) * 60) + (digits % 100);
        var isPossible = minutes <= 14 * 60 && seconds is > 86400 and < 253402300799 - 86400;
        return isPossible ? instant.ToOffset(TimeSpan.FromMinutes(zone[0] == '-' ? -minutes : minutes)) : instant;
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c is not ('<' or '>' or '\n' or '\r' or '\0'))
            {
                clean.Append(c);
            }
        }

        return clean.ToString().Trim(Crud.ToCharArray());
    }
}
