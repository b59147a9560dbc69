using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Gives out Xet tokens, and reads them where they are shown.</summary>
internal sealed class XetTokens(HubDb db, Gates gates, Origins origins, LinkKeys keys, TimeProvider clock)
{
    private const string Bearer = "Bearer ";

    /// <summary>In one token, which travels in a header.</summary>
    private const int MostNamespaces = 100;

    /// <param name="repo">Found for what the caller wants to do.</param>
    public XetToken For(Repo repo, XetScope scope, Caller caller)
    {
        var namespaces = caller.ReadableFor(TokenScope.ReadRepos).OrderByDescending(id => id == repo.OwnerId || id == caller.Id).Take(MostNamespaces);
        return new XetToken(repo.Id, repo.OwnerId, caller.Id, scope, clock.GetUtcNow() + XetToken.Lifetime) { Namespaces = [.. namespaces] };
    }

    public async ValueTask<XetAnswer> GrantAsync(XetToken token, string baseAddress, CancellationToken cancel) =>
        new(token.ToText(await keys.CurrentAsync(cancel)), token.ExpiresAt.ToUnixTimeSeconds(), baseAddress + Xet.Place);

    /// <summary>The token of a call, whose repository is still there and still its namespace's, and whose holder still passes its gate.</summary>
    /// <exception cref="Refusal"><c>xet_token_invalid</c>, <c>xet_token_expired</c>, <c>forbidden</c> or <c>gated_repo</c>.</exception>
    public async Task<XetToken> RequireAsync(HttpRequest request, XetScope scope, CancellationToken cancel)
    {
        var header = request.Headers.Authorization.ToString();
        var text = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;
        var token = XetToken.Read(text, await keys.CurrentAsync(cancel), clock.GetUtcNow());
        if (token.Scope < scope)
        {
            throw new Refusal(RefusalCode.Forbidden, "This Xet token may only read. Ask for a token at the repository's xet-write-token address.");
        }

        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == token.RepoId && r.OwnerId == token.OwnerId, cancel)
            ?? throw new Refusal(RefusalCode.Forbidden, "The repository of this Xet token is gone, or belongs to somebody else now.");
        if (repo.DisabledAt is not null)
        {
            throw HubRefusals.Disabled(repo);
        }

        return repo.Gate is null || token.Namespaces.Contains(repo.OwnerId) ? token : await PastGateAsync(token, repo, request, cancel);
    }

    /// <summary>Members passed when they got the token; everybody else needs an acceptance that stands.</summary>
    private async Task<XetToken> PastGateAsync(XetToken token, Repo repo, HttpRequest request, CancellationToken cancel)
    {
        IReadOnlyList<Guid> subjects = token.HolderId == Guid.Empty ? [] : [token.HolderId, .. token.Namespaces];
        var accepted = await gates.AcceptedAsync(repo.Id, token.HolderId, subjects, cancel);
        var holder = new Caller
        {
            Id = token.HolderId,
            Name = "",
            Kind = token.HolderId == Guid.Empty ? CallerKind.Anonymous : CallerKind.User,
            Roles = token.Namespaces.Distinct().ToDictionary(id => id, _ => NamespaceRole.Read),
            Scope = TokenScope.Read,
        };
        var admission = GateRule.Of(repo, holder, accepted, origins.Judge(repo));
        if (admission.IsAdmitted)
        {
            return token with { Through = admission.Through };
        }

        throw admission.Origin is OriginVerdict.Allowed ? HubRefusals.Gated(repo, holder, null, request.BaseAddress()) : origins.Refuse(repo, holder, admission.Origin);
    }
}

/// <param name="AccessToken">For the calls below <paramref name="CasUrl"/>.</param>
/// <param name="Exp">Unix seconds.</param>
/// <param name="CasUrl">Without a slash at its end.</param>
internal sealed record XetAnswer(string AccessToken, long Exp, string CasUrl)
{
    /// <summary>The same as headers.</summary>
    public Dictionary<string, string> ToHeaders() => new(StringComparer.Ordinal)
    {
        ["X-Xet-Cas-Url"] = CasUrl,
        ["X-Xet-Access-Token"] = AccessToken,
        ["X-Xet-Token-Expiration"] = Exp.ToString(CultureInfo.InvariantCulture),
    };
}
