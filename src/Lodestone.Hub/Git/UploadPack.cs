using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Serves fetches and clones over smart HTTP by the real <c>git upload-pack</c>, protocol 0 to 2, shallow and partial. The process
/// sees no configuration but the repository's own, and dies with the request.
/// </summary>
internal sealed partial class UploadPack(ILogger<UploadPack> log)
{
    private const int CopyBuffer = 64 * 1024;
    private const int MaxComplaint = 4096;

    /// <summary>The body of <c>GET info/refs?service=git-upload-pack</c>, media type <c>application/x-git-upload-pack-advertisement</c>.</summary>
    /// <param name="protocol">The header <c>Git-Protocol</c>, such as <c>version=2</c>.</param>
    public async Task AdvertiseAsync(GitRepository repository, string? protocol, Stream output, CancellationToken cancel)
    {
        if (protocol?.Contains("version=2", StringComparison.Ordinal) != true)
        {
            await output.WriteAsync("001e# service=git-upload-pack\n0000"u8.ToArray(), cancel);
        }

        await Run(repository, ["--http-backend-info-refs"], protocol, Stream.Null, output, cancel);
    }

    /// <summary>The answer to <c>POST git-upload-pack</c>, media type <c>application/x-git-upload-pack-result</c>.</summary>
    /// <param name="request">The body, already unzipped.</param>
    /// <inheritdoc cref="AdvertiseAsync"/>
    public Task ServeAsync(GitRepository repository, string? protocol, Stream request, Stream response, CancellationToken cancel) =>
        Run(repository, [], protocol, request, response, cancel);

    private async Task Run(
        GitRepository repository, string[] options, string? protocol, Stream request, Stream response, CancellationToken cancel)
    {
        using var git = Start(repository, options, protocol);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var feeding = Feed(git, request, ending.Token);
        try
        {
            var complaining = ReadComplaint(git.StandardError, cancel);
            await git.StandardOutput.BaseStream.CopyToAsync(response, CopyBuffer, cancel);
            await git.WaitForExitAsync(cancel);
            var complaint = await complaining;
            if (git.ExitCode != 0)
            {
                // The client has been told, in the protocol: usually it asked for something that is not there, or went away.
                Refused(log, repository.Path, git.ExitCode, complaint);
            }
        }
        finally
        {
            if (!git.HasExited)
            {
                git.Kill(entireProcessTree: true);
            }

            // The request's body must not be read after we return.
            await ending.CancelAsync();
            await feeding;
        }
    }

    private static Process Start(GitRepository repository, string[] options, string? protocol)
    {
        var start = new ProcessStartInfo("git", ["upload-pack", "--stateless-rpc", "--strict", .. options, repository.Path])
        {
            WorkingDirectory = repository.Path,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var path = start.Environment["PATH"];
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        start.Environment["LC_ALL"] = "C";
        start.Environment["HOME"] = "/nonexistent";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_COUNT"] = "1";
        start.Environment["GIT_CONFIG_KEY_0"] = "safe.directory";
        start.Environment["GIT_CONFIG_VALUE_0"] = "*";
        if (protocol is { Length: > 0 and <= 256 })
        {
            start.Environment["GIT_PROTOCOL"] = protocol;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
    }

    private static async Task Feed(Process git, Stream request, CancellationToken cancel)
    {
        await using var input = git.StandardInput.BaseStream;
        try
        {
            await request.CopyToAsync(input, CopyBuffer, cancel);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Git has heard enough, or the client is gone: either way its input ends here, and its answer says the rest.
        }
    }

    /// <summary>The start of what git says on standard error. All is read, or git would wait for a reader.</summary>
    private static async Task<string> ReadComplaint(StreamReader error, CancellationToken cancel)
    {
        var complaint = new StringBuilder();
        while (await error.ReadLineAsync(cancel) is { } line)
        {
            complaint.Append(complaint.Length < MaxComplaint ? line + " " : "");
        }

        return complaint.ToString();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "git upload-pack in {Repository} ended with {ExitCode}: {Complaint}")]
    private static partial void Refused(ILogger log, string repository, int exitCode, string complaint);
}
