using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lodestone.Hub;

/// <summary>Tells clients that can make a file from chunks how they get it so. What others are told stays as it was.</summary>
/// <param name="Hash">Of the file.</param>
/// <param name="Etag">As in the header: the SHA-256 in quotes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="RefreshUrl">Gives tokens to read with.</param>
internal sealed record XetOffer(string Hash, string Etag, long Size, string ReconstructionUrl, string RefreshUrl)
{
    public const string MediaType = "application/vnd.xet-fileinfo+json";

    /// <summary>Whether the answer may be an offer in place of the file: the JavaScript client says so.</summary>
    public static bool IsAskedFor(HttpRequest request) => request.Headers.Accept.ToString().Contains(MediaType, StringComparison.OrdinalIgnoreCase);

    /// <summary>Announces a chunked file in the answer's headers.</summary>
    /// <returns>Null for clients that would not understand it.</returns>
    public static XetOffer? Make(HttpContext context, Repo repo, ObjectId commit, LfsPointer file, XetHash hash)
    {
        context.Response.Headers.Append(HeaderNames.Vary, "Accept, User-Agent");
        if (!IsUnderstood(context.Request))
        {
            return null;
        }

        var offer = Of(context.Request, repo, commit, file, hash);
        offer.Announce(context.Response);
        return offer;
    }

    /// <summary>Python's client and Rust's do not say what they can do, but who they are.</summary>
    private static bool IsUnderstood(HttpRequest request) =>
        IsAskedFor(request) || request.Headers.UserAgent.ToString() is var agent
            && (agent.Contains("hf_hub/", StringComparison.Ordinal) || agent.Contains("hf-hub/", StringComparison.Ordinal));

    private static XetOffer Of(HttpRequest request, Repo repo, ObjectId commit, LfsPointer file, XetHash hash) => new(
        hash.ToString(),
        $"\"{file.Digest}\"",
        file.Size,
        $"{request.BaseAddress()}{Xet.Place}/v1/reconstructions/{hash}",
        $"{request.BaseAddress()}/api/{repo.Type.Segment()}/{repo.FullName}/xet-read-token/{commit}");

    private void Announce(HttpResponse response)
    {
        response.Headers["X-Xet-Hash"] = Hash;
        response.Headers["X-Xet-Refresh-Route"] = RefreshUrl;
        response.Headers.Link = $"<{RefreshUrl}>; rel=\"xet-auth\", <{ReconstructionUrl}>; rel=\"xet-reconstruction-info\"";
    }
}
