using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Serves fetches and clones over smart HTTP, protocol 0 to 2, shallow and partial: objects by the real <c>git upload-pack</c>,
/// whose process dies with the request; in protocol 2 references, and whole clones that are small, by ourselves.
/// </summary>
internal sealed partial class UploadPack(ILogger<UploadPack> log)
{
    private const int CopyBuffer = 64 * 1024;

    /// <summary>The body of <c>GET info/refs?service=git-upload-pack</c>, media type <c>application/x-git-upload-pack-advertisement</c>.</summary>
    /// <param name="protocol">The header <c>Git-Protocol</c>, such as <c>version=2</c>.</param>
    public async Task AdvertiseAsync(GitRepository repository, string? protocol, Stream output, CancellationToken cancel)
    {
        if (IsVersion2(protocol))
        {
            await output.WriteAsync(ListRefs.Capabilities, cancel);
            return;
        }

        await output.WriteAsync("001e# service=git-upload-pack\n0000"u8.ToArray(), cancel);
        await RunAsync(repository, ["--http-backend-info-refs"], protocol, [], Stream.Null, output, cancel);
    }

    /// <summary>The answer to <c>POST git-upload-pack</c>, media type <c>application/x-git-upload-pack-result</c>.</summary>
    /// <param name="request">The body, already unzipped.</param>
    /// <inheritdoc cref="AdvertiseAsync"/>
    /// <returns>False: it asked for references only, not for objects.</returns>
    public async Task<bool> ServeAsync(GitRepository repository, string? protocol, Stream request, Stream response, CancellationToken cancel)
    {
        if (!IsVersion2(protocol))
        {
            await RunAsync(repository, [], protocol, [], request, response, cancel);
            return true;
        }

        var first = await PktLine.ReadAsync(request, cancel);
        if (ListRefs.IsAsked(first))
        {
            await ListRefs.AnswerAsync(repository, request, response, cancel);
            return false;
        }

        var asked = await AskedFetch.ReadAsync(first, request, cancel);
        if (asked.TryAnswer(repository) is { } answer)
        {
            await response.WriteAsync(answer, cancel);
            return true;
        }

        await RunAsync(repository, [], protocol, asked.Lines, request, response, cancel);
        return true;
    }

    private static bool IsVersion2(string? protocol) => protocol?.Contains("version=2", StringComparison.Ordinal) == true;

    /// <param name="begun">What was read of the request already.</param>
    private async Task RunAsync(
        GitRepository repository, string[] options, string? protocol, byte[] begun, Stream request, Stream response, CancellationToken cancel)
    {
        var environment = protocol is { Length: > 0 and <= 256 }
            ? new Dictionary<string, string>(StringComparer.Ordinal) { ["GIT_PROTOCOL"] = protocol }
            : null;
        using var git = GitProcess.Start(repository, ["upload-pack", "--stateless-rpc", "--strict", .. options, repository.Path], environment);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var feeding = git.FeedAsync(begun, request, ending.Token);
        try
        {
            var complaining = git.ReadComplaintAsync(cancel);
            await git.Output.CopyToAsync(response, CopyBuffer, cancel);
            var exitCode = await git.EndAsync(cancel);
            var complaint = await complaining;
            if (exitCode != 0)
            {
                // The client has been told, in the protocol: usually it asked for something that is not there, or went away.
                Refused(log, repository.Path, exitCode, complaint);
            }
        }
        finally
        {
            git.Stop();

            // The request's body must not be read after we return.
            await ending.CancelAsync();
            await feeding;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "git upload-pack in {Repository} ended with {ExitCode}: {Complaint}")]
    private static partial void Refused(ILogger log, string repository, int exitCode, string complaint);
}
