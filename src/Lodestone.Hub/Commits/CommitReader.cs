using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Reads a commit as clients send it: one JSON object a line, a header first. Each file's content becomes an object in the pack
/// as its line arrives, so a commit of any size costs the memory of its longest line.
/// </summary>
internal sealed class CommitReader(PackWriter pack)
{
    /// <summary>Bytes. What is larger belongs in large file storage.</summary>
    public const int MaxRegularFile = 10 * 1024 * 1024;

    private const int MaxLine = 3 * MaxRegularFile; // base64 adds a third; JSON escapes of text may add more

    private const int MaxMessage = 100_000;

    private readonly List<CommitChange> _changes = [];
    private CommitHeader? _header;
    private int _line;

    public async Task<NewCommit> ReadAsync(PipeReader body, CancellationToken cancel)
    {
        var searched = 0L;
        for (var isAtEnd = false; !isAtEnd;)
        {
            var read = await body.ReadAsync(cancel);
            var rest = read.Buffer.End; // after a refusal nothing of this is read again
            try
            {
                var left = ReadLines(read.Buffer, searched, read.IsCompleted);
                (rest, searched, isAtEnd) = (left.Start, left.Length, read.IsCompleted);
            }
            finally
            {
                body.AdvanceTo(rest, read.Buffer.End);
            }
        }

        return Finish();
    }

    /// <summary>Takes lines that are all there already.</summary>
    public NewCommit Read(IEnumerable<byte[]> lines)
    {
        foreach (var line in lines)
        {
            ReadLine(new ReadOnlySequence<byte>(line));
        }

        return Finish();
    }

    private NewCommit Finish() => _header is null
        ? throw new Refusal(RefusalCode.Invalid, "The commit has no header line. Send {\"key\": \"header\", \"value\": {\"summary\": …}} first.")
        : new NewCommit(_header.Summary, _header.Description, _header.Parent, _changes);

    /// <param name="searched">Bytes at the start that are known to have no line's end.</param>
    /// <returns>What no line's end has come for yet.</returns>
    private ReadOnlySequence<byte> ReadLines(ReadOnlySequence<byte> buffer, long searched, bool isLast)
    {
        while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
        {
            ReadLine(buffer.Slice(0, end));
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            searched = 0;
        }

        if (buffer.Length > MaxLine)
        {
            throw TooLarge(null);
        }

        if (isLast)
        {
            ReadLine(buffer);
            buffer = buffer.Slice(buffer.End);
        }

        return buffer;
    }

    private void ReadLine(ReadOnlySequence<byte> line)
    {
        _line++;
        if (line.IsEmpty || IsBlank(line))
        {
            return;
        }

        try
        {
            Take(CommitLine.Parse(line));
        }
        catch (JsonException failure)
        {
            throw new Refusal(
                RefusalCode.Invalid,
                string.Create(CultureInfo.InvariantCulture, $"Line {_line} of the commit is not valid JSON at position {failure.BytePositionInLine + 1}."));
        }
        catch (InvalidOperationException)
        {
            throw Invalid("A text is not valid Unicode");
        }
    }

    private void Take(CommitLine line)
    {
        if (line.Key is "header")
        {
            _header = new CommitHeader(Message(line, "summary") ?? "", Message(line, "description"), line.Text("parentCommit"));
            return;
        }

        if (_header is null)
        {
            throw Invalid("The first line of a commit must be its header");
        }

        var path = CleanPath.Of(line.Text("path")?.TrimEnd('/') ?? throw Invalid("\"path\" is missing"));
        _changes.Add(line.Key switch
        {
            "file" => File(line, path),
            "lfsFile" => LargeFile(line, path),
            "deletedFile" or "deletedFolder" or "deletedEntry" => new DeleteEntry(path),
            "copyFile" => new CopyEntry(path, CleanPath.Of(line.Text("srcPath") ?? throw Invalid("\"srcPath\" is missing")), line.Text("srcRevision")),
            _ => throw Invalid($"\"{line.Key}\" is not a known key"),
        });
        if (line.Text("oldPath") is { } old && old != path)
        {
            _changes.Add(new DeleteEntry(CleanPath.Of(old)));
        }
    }

    /// <summary>Without NUL, at which git would take the message to end.</summary>
    private string? Message(CommitLine line, string name) => line.Text(name) is not { } text || text.Length <= MaxMessage
        ? line.Text(name)?.Replace("\0", "", StringComparison.Ordinal)
        : throw Invalid($"\"{name}\" is longer than {MaxMessage} characters");

    private PutFile File(CommitLine line, string path)
    {
        using var content = line.Content() ?? throw Invalid("\"content\" is missing");
        var size = line.Text("encoding") is "base64" ? content.DecodeBase64() ?? throw Invalid($"The content of '{path}' is not valid base64") : content.Length;
        if (size > MaxRegularFile)
        {
            throw TooLarge(path);
        }

        if (path is "README.md")
        {
            ValidateCard.Require(GitName.Decode(content.Span));
        }

        var isAttributes = path.EndsWith(GitAttributes.FileName, StringComparison.Ordinal);
        return new PutFile(path, pack.Write(GitObjectType.Blob, content.Span), isAttributes ? GitName.Decode(content.Span) : null);
    }

    private PutLargeFile LargeFile(CommitLine line, string path) =>
        Sha256Digest.TryParse(line.Text("oid"), out var digest)
            ? new PutLargeFile(path, digest, line.Number("size"))
            : throw Invalid($"\"oid\" of '{path}' must be a SHA-256 in 64 lower-case hex digits");

    private static bool IsBlank(ReadOnlySequence<byte> line)
    {
        foreach (var segment in line)
        {
            if (segment.Span.ContainsAnyExcept(" \t\r"u8))
            {
                return false;
            }
        }

        return true;
    }

    private Refusal Invalid(string reason) => new(RefusalCode.Invalid, string.Create(CultureInfo.InvariantCulture, $"{reason}, in line {_line} of the commit."));

    private static Refusal TooLarge(string? path) => new(
        RefusalCode.TooLarge,
        $"{(path is null ? "A file of the commit" : $"'{path}'")} is larger than {MaxRegularFile / (1024 * 1024)} MiB. Upload it through large file storage (LFS) and commit it as an \"lfsFile\".");

    private sealed record CommitHeader(string Summary, string? Description, string? Parent);
}
