using System.Buffers;
using System.Text;

namespace Lodestone.Hub;

/// <summary>
/// A request for objects in git's protocol 2 (gitprotocol-v2, command <c>fetch</c>), as far as it was read. That of a whole clone, from
/// one who has nothing and wants all, needs no git where the answer is small: to start its two processes would take longer.
/// Everything else is git's to read again.
/// </summary>
internal sealed class AskedFetch
{
    private const int SideBand = 65_515; // bytes of a line beside the band's number
    private const string Want = "want ";

    private readonly List<ObjectId> _wants = [];
    private readonly ArrayBufferWriter<byte> _read = new();
    private bool _isKnown = true;
    private bool _isDone;
    private bool _isAtEnd;

    /// <summary>The lines that were taken off the request.</summary>
    public byte[] Lines => _read.WrittenSpan.ToArray();

    /// <summary>Reads up to the end, or the first line that only git understands.</summary>
    /// <param name="first">The first line, which was read before.</param>
    public static async Task<AskedFetch> ReadAsync(byte[]? first, Stream request, CancellationToken cancel)
    {
        var asked = new AskedFetch();
        for (asked.Take(first); asked is { _isKnown: true, _isAtEnd: false };)
        {
            asked.Take(await PktLine.ReadAsync(request, cancel));
        }

        return asked;
    }

    /// <summary>The whole answer; null where git has to make it.</summary>
    public byte[]? TryAnswer(GitRepository repository)
    {
        if (!_isKnown || !_isDone || _wants.Count == 0 || SmallPack.Of(repository.Objects, _wants) is not { } pack)
        {
            return null;
        }

        var answer = new MemoryStream();
        answer.Write(PktLine.Of("packfile\n"));
        foreach (var part in pack.Chunk(SideBand))
        {
            answer.Write(PktLine.Of([1, .. part]));
        }

        answer.Write(PktLine.Flush);
        return answer.ToArray();
    }

    private void Take(byte[]? line)
    {
        _read.Write(line switch { null => PktLine.Flush, [] => PktLine.Delimiter, _ => PktLine.Of(line) });
        var text = line is null ? null : Encoding.UTF8.GetString(line).TrimEnd('\n');
        switch (text)
        {
            case null:
                _isAtEnd = true;
                break;
            case "done":
                _isDone = true;
                break;
            case "" or "command=fetch" or "object-format=sha1" or "thin-pack" or "no-progress" or "ofs-delta":
                break;
            default:
                _isKnown = TakeWant(text) || text.StartsWith("agent=", StringComparison.Ordinal);
                break;
        }
    }

    private bool TakeWant(string text)
    {
        var isWant = text.StartsWith(Want, StringComparison.Ordinal) && ObjectId.TryParse(text.AsSpan(Want.Length), out _);
        if (isWant)
        {
            _wants.Add(ObjectId.Parse(text[Want.Length..]));
        }

        return isWant;
    }
}
