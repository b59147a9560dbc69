using System.Text;

namespace Lodestone.Hub;

/// <summary>
/// The parts of git's protocol 2 that need no git (gitprotocol-v2): what we can do, and the command <c>ls-refs</c>. A clone asks
/// for both before it fetches, and a process for each would take longer than the answer.
/// </summary>
internal static class ListRefs
{
    private const string Command = "command=ls-refs";
    private const string Prefix = "ref-prefix ";
    private const int MostPrefixes = 65_536;

    /// <summary>The body of <c>GET info/refs?service=git-upload-pack</c> in protocol 2.</summary>
    public static byte[] Capabilities { get; } =
    [
        .. PktLine.Of("version 2\n"), .. PktLine.Of("agent=lodestone\n"), .. PktLine.Of("ls-refs=unborn\n"),
        .. PktLine.Of("fetch=shallow wait-for-done filter\n"), .. PktLine.Of("object-format=sha1\n"), .. PktLine.Flush,
    ];

    /// <param name="first">A request's first line.</param>
    public static bool IsAsked(byte[]? first) => first is not null && Encoding.UTF8.GetString(first).TrimEnd('\n') == Command;

    /// <summary>Reads the rest of the request and answers it.</summary>
    public static async Task AnswerAsync(GitRepository repository, Stream request, Stream response, CancellationToken cancel)
    {
        var asked = await ReadAsync(request, cancel);
        var answer = new MemoryStream();
        if (asked.Matches("HEAD") && Head(repository, asked) is { } head)
        {
            answer.Write(PktLine.Of(head));
        }

        foreach (var reference in repository.References.List().Where(r => asked.Matches(r.Name)))
        {
            answer.Write(PktLine.Of($"{reference.Target} {reference.Name}{(asked.Peels ? Peeled(repository, reference.Target) : "")}\n"));
        }

        answer.Write(PktLine.Flush);
        await response.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length), cancel);
    }

    private static async Task<Asked> ReadAsync(Stream request, CancellationToken cancel)
    {
        var asked = new Asked();
        for (var lines = 0; await PktLine.ReadAsync(request, cancel) is { } line && lines < MostPrefixes; lines++)
        {
            var text = GitName.Decode(line).TrimEnd('\n');
            asked.Peels |= text == "peel";
            asked.WantsTargets |= text == "symrefs";
            asked.WantsUnborn |= text == "unborn";
            if (text.StartsWith(Prefix, StringComparison.Ordinal))
            {
                asked.Prefixes.Add(text[Prefix.Length..]);
            }
        }

        return asked;
    }

    private static string? Head(GitRepository repository, Asked asked)
    {
        var target = repository.References.Head is { } name && (asked.WantsTargets || asked.WantsUnborn) ? $" symref-target:{name}" : "";
        return repository.References.Find("HEAD") is { } id
            ? $"{id} HEAD{(asked.WantsTargets ? target : "")}\n"
            : asked.WantsUnborn && target.Length > 0 ? $"unborn HEAD{target}\n" : null;
    }

    /// <summary>What an annotated tag stands for in the end.</summary>
    private static string Peeled(GitRepository repository, ObjectId id)
    {
        var target = id;
        while (repository.Objects.Header(target)?.Type is GitObjectType.Tag && repository.Objects.Read(target) is { } tag)
        {
            target = ObjectId.Parse(Encoding.ASCII.GetString(tag.Content.AsSpan("object ".Length, ObjectId.HexLength)));
        }

        return target == id ? "" : $" peeled:{target}";
    }

    private sealed class Asked
    {
        public List<string> Prefixes { get; } = [];

        public bool Peels { get; set; }

        public bool WantsTargets { get; set; }

        public bool WantsUnborn { get; set; }

        public bool Matches(string name) => Prefixes.Count == 0 || Prefixes.Exists(p => name.StartsWith(p, StringComparison.Ordinal));
    }
}
