namespace Lodestone.Hub;

/// <summary>
/// Writes what the client hears of its push: lines that git shows as <c>remote: …</c> while the work goes on, and at the end how each
/// reference fared. Without the client's side band there is no place for the lines, and without its wish no report.
/// </summary>
internal sealed class PushAnswer(PushRequest request, Stream output, TimeProvider clock)
{
    private const byte ReportBand = 1;
    private const byte MessageBand = 2;

    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(5);

    private long _lastWord = clock.GetTimestamp();

    /// <summary>A message for the person.</summary>
    public Task SayAsync(string text, CancellationToken cancel) =>
        request.HasSideBand ? WriteAsync(MessageBand, GitName.Encode(text + "\n"), cancel) : Task.CompletedTask;

    /// <summary>A step of a progress bar, or a complaint of git's with its line's end. A client that wants quiet hears complaints only.</summary>
    public Task RelayAsync(string line, CancellationToken cancel)
    {
        var isHeard = request.HasSideBand && (!request.IsQuiet || line.StartsWith("error: ", StringComparison.Ordinal));
        return isHeard ? WriteAsync(MessageBand, GitName.Encode(line), cancel) : KeepAliveAsync(cancel);
    }

    /// <summary>An empty message when nothing was said for a while, for the proxies on the way.</summary>
    public Task KeepAliveAsync(CancellationToken cancel) =>
        request.HasSideBand && clock.GetElapsedTime(_lastWord) > LongestSilence ? WriteAsync(ReportBand, [], cancel) : Task.CompletedTask;

    /// <param name="unpacking">What is wrong with the pack; null: nothing.</param>
    /// <param name="reasons">Why references are not changed, by name; the others are.</param>
    public async Task ReportAsync(string? unpacking, IReadOnlyDictionary<string, string> reasons, CancellationToken cancel)
    {
        if (request.WantsReport)
        {
            using var report = new MemoryStream();
            report.Write(PktLine.Of($"unpack {OneLine(unpacking ?? "ok")}\n"));
            foreach (var name in request.Commands.Select(c => c.Name).Distinct(StringComparer.Ordinal))
            {
                report.Write(PktLine.Of(reasons.TryGetValue(name, out var reason) ? $"ng {name} {OneLine(reason)}\n" : $"ok {name}\n"));
            }

            report.Write(PktLine.Flush);
            await WriteReportAsync(report.ToArray(), cancel);
        }

        if (request.HasSideBand)
        {
            await output.WriteAsync(PktLine.Flush.ToArray(), cancel);
        }
    }

    private async Task WriteReportAsync(byte[] report, CancellationToken cancel)
    {
        if (!request.HasSideBand)
        {
            await output.WriteAsync(report, cancel);
            return;
        }

        foreach (var part in report.Chunk(PktLine.MaxPayload - 1))
        {
            await WriteAsync(ReportBand, part, cancel);
        }
    }

    private async Task WriteAsync(byte band, byte[] content, CancellationToken cancel)
    {
        _lastWord = clock.GetTimestamp();
        await output.WriteAsync(PktLine.Of([band, .. content]), cancel);
        await output.FlushAsync(cancel);
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
