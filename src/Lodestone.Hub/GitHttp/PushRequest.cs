using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What a push asks for: the lines before its pack (gitprotocol-pack, "Reference Update Request").</summary>
/// <param name="Commands">In the client's order. Names are as they came.</param>
/// <param name="IsAtomic">All or none.</param>
/// <param name="IsQuiet">No progress, please.</param>
internal sealed record PushRequest(IReadOnlyList<RefUpdate> Commands, bool IsAtomic, bool IsQuiet, bool WantsReport, bool HasSideBand)
{
    /// <summary>What we can do, as it is advertised.</summary>
    public const string Capabilities = "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=lodestone";

    /// <summary>A pack follows unless everything is deleted.</summary>
    public bool BringsPack => Commands.Any(c => c.New is not null);

    /// <param name="most">Commands.</param>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static async Task<PushRequest> ReadAsync(Stream body, int most, CancellationToken cancel)
    {
        var commands = new List<RefUpdate>();
        var capabilities = new HashSet<string>(StringComparer.Ordinal);
        while (await PktLine.ReadAsync(body, cancel) is { } line)
        {
            if (line.AsSpan().StartsWith("shallow "u8))
            {
                continue; // where the client's history ends; what is missing behind it is found missing, or is here
            }

            var end = Array.IndexOf(line, (byte)0);
            if (end >= 0 && commands.Count == 0)
            {
                capabilities.UnionWith(GitName.Decode(line.AsSpan(end + 1)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
            }

            commands.Add(Parse(end < 0 ? line : line.AsSpan(0, end)));
            if (commands.Count > most)
            {
                throw new Refusal(RefusalCode.Invalid, string.Create(CultureInfo.InvariantCulture, $"A push may change {most} references. Push in parts."));
            }
        }

        if (capabilities.Contains("object-format=sha256"))
        {
            throw new Refusal(RefusalCode.Invalid, "This repository has SHA-1 ids. Push from a repository with the same object format.");
        }

        return new PushRequest(
            commands, capabilities.Contains("atomic"), capabilities.Contains("quiet"), capabilities.Contains("report-status"), capabilities.Contains("side-band-64k"));
    }

    private static RefUpdate Parse(ReadOnlySpan<byte> line)
    {
        const int Second = ObjectId.HexLength + 1;
        const int Name = Second + ObjectId.HexLength + 1;
        line = line.TrimEnd((byte)'\n');
        var isCommand = line.Length > Name && line[Second - 1] == ' ' && line[Name - 1] == ' ';
        if (!isCommand || !ObjectId.TryParse(line[..ObjectId.HexLength], out var old) || !ObjectId.TryParse(line[Second..(Name - 1)], out var @new))
        {
            throw new Refusal(RefusalCode.Invalid, "The request is not in git's protocol: a command is the old id, the new id and the reference's name.");
        }

        return new RefUpdate(GitName.Decode(line[Name..]), old == ObjectId.Zero ? null : old, @new == ObjectId.Zero ? null : @new);
    }
}
