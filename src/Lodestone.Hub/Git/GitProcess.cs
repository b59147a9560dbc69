using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Lodestone.Hub;

/// <summary>
/// One run of the real git in a repository. It sees no configuration but the repository's own and what is given here, and is
/// killed if it still runs when this is disposed of.
/// </summary>
internal sealed class GitProcess : IDisposable
{
    private const int CopyBuffer = 64 * 1024;

    private readonly Process _process;

    private GitProcess(Process process) => _process = process;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <param name="bounds">For work on what a stranger sent; null: as much as it takes.</param>
    public static GitProcess Start(
        GitRepository repository, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, GitBounds? bounds = null)
    {
        var start = bounds is null ? new ProcessStartInfo("git", arguments) : Bounded(bounds, arguments);
        start.WorkingDirectory = repository.Path;
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.StandardErrorEncoding = Encoding.UTF8;
        var path = start.Environment["PATH"];
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        start.Environment["LC_ALL"] = "C";
        start.Environment["HOME"] = "/nonexistent";
        start.Environment["GIT_DIR"] = ".";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_COUNT"] = "1";
        start.Environment["GIT_CONFIG_KEY_0"] = "safe.directory";
        start.Environment["GIT_CONFIG_VALUE_0"] = "*";
        if (bounds is not null)
        {
            start.Environment["GIT_ALLOC_LIMIT"] = bounds.LargestAllocation.ToString(CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new GitProcess(Process.Start(start) ?? throw new InvalidOperationException("git did not start."));
    }

    /// <summary>Copies a stream to git's input and ends it. That git stops listening, or the stream breaks off, only ends it sooner.</summary>
    public Task FeedAsync(Stream content, CancellationToken cancel) => FeedAsync([], content, cancel);

    /// <param name="begun">Goes before the stream.</param>
    /// <inheritdoc cref="FeedAsync(Stream, CancellationToken)"/>
    public async Task FeedAsync(byte[] begun, Stream content, CancellationToken cancel)
    {
        await using var input = _process.StandardInput.BaseStream;
        try
        {
            await input.WriteAsync(begun, cancel);
            await content.CopyToAsync(input, CopyBuffer, cancel);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException)
        {
            // Git's answer says the rest.
        }
    }

    /// <summary>Git's output line by line as it comes, bytes that are not text kept as <see cref="GitName"/> does.</summary>
    public async IAsyncEnumerable<string> ReadLinesAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var lines = System.IO.Pipelines.PipeReader.Create(Output);
        for (var isAtEnd = false; !isAtEnd;)
        {
            var read = await lines.ReadAsync(cancel);
            var rest = read.Buffer;
            while (System.Buffers.BuffersExtensions.PositionOf(rest, (byte)'\n') is { } end)
            {
                yield return GitName.Decode(System.Buffers.BuffersExtensions.ToArray(rest.Slice(0, end)));
                rest = rest.Slice(rest.GetPosition(1, end));
            }

            lines.AdvanceTo(rest.Start, rest.End);
            isAtEnd = read.IsCompleted;
        }
    }

    /// <summary>What git says on standard error, a line or a step of a progress bar at a time. All must be read, or git waits for a reader.</summary>
    public async IAsyncEnumerable<string> ReadComplaintsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = new char[1024];
        var line = new StringBuilder();
        for (int read; (read = await _process.StandardError.ReadAsync(buffer, cancel)) > 0;)
        {
            foreach (var c in buffer.AsSpan(0, read).ToArray())
            {
                if (c is not ('\n' or '\r'))
                {
                    line.Append(c);
                    continue;
                }

                yield return line.Append(c).ToString();
                line.Clear();
            }
        }

        if (line.Length > 0)
        {
            yield return line.ToString();
        }
    }

    /// <summary>The start of all that git says on standard error.</summary>
    public async Task<string> ReadComplaintAsync(CancellationToken cancel)
    {
        const int Longest = 4096;
        var complaint = new StringBuilder();
        await foreach (var line in ReadComplaintsAsync(cancel))
        {
            complaint.Append(complaint.Length < Longest ? line.TrimEnd() + " " : "");
        }

        return complaint.ToString();
    }

    /// <returns>The exit status; above 128 when a signal ended it.</returns>
    public async Task<int> EndAsync(CancellationToken cancel)
    {
        await _process.WaitForExitAsync(cancel);
        return _process.ExitCode;
    }

    /// <summary>Kills it if it still runs.</summary>
    public void Stop()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }

    /// <summary>The kernel keeps the bounds: a shell sets them and becomes git.</summary>
    private static ProcessStartInfo Bounded(GitBounds bounds, IEnumerable<string> arguments)
    {
        var limits = string.Create(CultureInfo.InvariantCulture, $"ulimit -v {bounds.AddressSpace / 1024}; ulimit -t {(int)bounds.Computing.TotalSeconds}; exec git \"$@\"");
        return new ProcessStartInfo("/bin/sh", ["-c", limits, "git", .. arguments]);
    }
}

/// <param name="LargestAllocation">Bytes of the largest object that git may hold whole.</param>
/// <param name="AddressSpace">Bytes.</param>
/// <param name="Computing">Processor time.</param>
internal sealed record GitBounds(long LargestAllocation, long AddressSpace, TimeSpan Computing);
