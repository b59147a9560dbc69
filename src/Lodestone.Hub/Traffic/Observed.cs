using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>One request for what a repository holds, as it was answered.</summary>
/// <param name="Revision">Full commit id; null where the door does not say: then main's.</param>
/// <param name="Path">Empty for git; null where the door knows only the content, which is <paramref name="Sha256"/>.</param>
/// <param name="Client">Who, before it is hashed: a principal, or an address and a program.</param>
/// <param name="Start">First byte sent.</param>
/// <param name="Length">Bytes sent.</param>
internal sealed record Observed(Guid RepoId, string? Revision, string? Path, string? Sha256, string Client, string ClientClass, long Start, long Length, DateTimeOffset At)
{
    public static Observed Of(HttpContext context, Guid repoId, Guid principalId, DateTimeOffset at)
    {
        var agent = context.Request.Headers.UserAgent.ToString();
        var client = principalId != Guid.Empty ? principalId.ToString("N") : $"{context.Connection.RemoteIpAddress} {ClientKind.Family(agent)}";
        return new Observed(repoId, null, null, null, client, ClientKind.Of(agent), 0, 0, at);
    }
}
