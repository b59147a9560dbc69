using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>A person's own access tokens: listed, made and revoked, by the page and by programs.</summary>
internal sealed partial class AccessTokens(IdentityDb db, Accounts accounts, Credentials credentials, TimeProvider clock, ILogger<AccessTokens> log)
{
    /// <summary>Live ones, newest first.</summary>
    public async Task<IReadOnlyList<AccessToken>> ListAsync(Caller caller, CancellationToken cancel) =>
        await db.Tokens.AsNoTracking().VisibleTo(caller).OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id).ToListAsync(cancel);

    /// <returns>The token's value, which cannot be had again.</returns>
    /// <exception cref="Refusal"><c>conflict</c> when there is a token of that name; <c>token_scope</c> when the caller's own credential allows less.</exception>
    public Task<string> CreateAsync(Caller caller, NewToken token, CancellationToken cancel)
    {
        if (!caller.MayChange().Scope.HasFlag(token.Scope))
        {
            throw new Refusal(IdentityRefusals.TokenScope, "A token cannot make another that may do more than itself.");
        }

        return accounts.IssueTokenAsync(caller.Id, token, cancel);
    }

    /// <returns><see langword="false"/> when the caller has no such token.</returns>
    public async Task<bool> RevokeAsync(Caller caller, Guid tokenId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var mine = db.Tokens.VisibleTo(caller.MayChange()).Where(t => t.Id == tokenId);
        var count = await db.WriteAsync(inTransaction => mine.ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now), inTransaction), cancel);
        credentials.Forget();
        if (count == 1)
        {
            Revoked(log, tokenId, caller.Id);
        }

        return count == 1;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Token {TokenId} was revoked by user {UserId}")]
    private static partial void Revoked(ILogger log, Guid tokenId, Guid userId);
}

internal static class TokenQueries
{
    /// <summary>The caller's live tokens.</summary>
    public static IQueryable<AccessToken> VisibleTo(this IQueryable<AccessToken> tokens, Caller caller) =>
        tokens.Where(t => t.UserId == caller.Id && t.RevokedAt == null);
}
