using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Judges where the request in hand comes from: by the address of its connection, or the one that a trusted proxy tells
/// (<see cref="ProxyOptions"/>). Who needs no acceptance at a gate is not asked for their place either.
/// </summary>
internal sealed partial class Origins(AddressDatabase database, IHttpContextAccessor context, ILogger<Origins> log)
{
    /// <summary>Null: unknown. What is done for somebody without a request of theirs comes from nowhere.</summary>
    public Origin? Here => context.HttpContext?.Connection.RemoteIpAddress is { } address ? database.Find(address) : null;

    public OriginVerdict Judge(Repo repo) => OriginRule.Of(repo)?.Judge(Here) ?? OriginVerdict.Allowed;

    /// <returns>Where they are, as the request for access keeps it; null: the gate does not ask.</returns>
    /// <exception cref="Refusal"><c>gated_repo</c>.</exception>
    public string? Require(Repo repo, Caller caller)
    {
        if (OriginRule.Of(repo) is not { } rule)
        {
            return null;
        }

        var here = Here;
        return rule.Judge(here) is var verdict && verdict is OriginVerdict.Allowed ? here!.Place : throw Refuse(repo, caller, verdict); // allowed: it is known
    }

    /// <summary>To be thrown. Keeps in the log who was kept out, and not their address.</summary>
    public Refusal Refuse(Repo repo, Caller caller, OriginVerdict verdict)
    {
        var here = Here;
        KeptOut(log, repo.Id, caller.Id, here?.Place ?? "unknown");
        return HubRefusals.KeptOut(repo, verdict, verdict is OriginVerdict.Blocked ? here?.Words : null);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The gate of repository {RepoId} kept out {CallerId}, who came from {Place}")]
    private static partial void KeptOut(ILogger log, Guid repoId, Guid callerId, string place);
}
