using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>Access tokens for programs: <c>/api/v1/tokens</c>.</summary>
internal static class TokenApi
{
    private const string IdPrefix = "tok";

    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        var tokens = routes.MapGroup("/api/v1/tokens").WithErrorShape(ErrorShape.Problem).WithTags("Tokens");
        tokens.MapGet("", List);
        tokens.MapPost("", Create);
        tokens.MapDelete("/{id}", Revoke);
    }

    private static async Task<Ok<TokenList>> List(Caller caller, AccessTokens tokens, CancellationToken cancel) =>
        TypedResults.Ok(new TokenList([.. (await tokens.ListAsync(caller.InPerson(), cancel)).Select(Summarize)]));

    private static async Task<Created<CreatedToken>> Create(TokenRequest wanted, Caller caller, AccessTokens tokens, HttpContext context, CancellationToken cancel)
    {
        var value = await tokens.CreateAsync(caller, new NewToken(wanted.Name, ScopeOf(wanted.Role, wanted.Inference)), cancel);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new CreatedToken(wanted.Name, wanted.Role, wanted.Inference, value));
    }

    private static async Task<NoContent> Revoke(string id, Caller caller, AccessTokens tokens, CancellationToken cancel) =>
        PublicId.TryParse(IdPrefix, id, out var tokenId) && await tokens.RevokeAsync(caller, tokenId, cancel)
            ? TypedResults.NoContent()
            : throw new Refusal(RefusalCode.NotFound, "You have no such token.");

    public static TokenScope ScopeOf(string role, bool inference)
    {
        var scope = role switch
        {
            "read" => TokenScope.Read,
            "write" => TokenScope.Read | TokenScope.Write,
            _ => throw new Refusal(RefusalCode.Unprocessable, "A token's role is 'read' or 'write'.") { Param = "role" },
        };
        return inference ? scope | TokenScope.Inference : scope;
    }

    private static TokenSummary Summarize(AccessToken token) => new(
        PublicId.Format(IdPrefix, token.Id),
        token.Name,
        token.Role,
        token.Scope.HasFlag(TokenScope.Inference),
        token.Last4,
        Instants.ToWire(token.CreatedAt),
        token.LastUsedAt is { } at ? Instants.ToWire(at) : null);
}

/// <param name="Role"><c>read</c> or <c>write</c>.</param>
/// <param name="Inference">May call models.</param>
internal sealed record TokenRequest(string Name, string Role, bool Inference = true);

/// <param name="Value">Shown this once.</param>
internal sealed record CreatedToken(string Name, string Role, bool Inference, string Value);

/// <param name="Tokens">Live ones, newest first.</param>
internal sealed record TokenList(IReadOnlyList<TokenSummary> Tokens);

/// <param name="Id"><c>tok_…</c></param>
/// <param name="Last4">The value's last four characters.</param>
/// <param name="LastUsedAt">To the minute; absent when never used.</param>
internal sealed record TokenSummary(string Id, string Name, string Role, bool Inference, string Last4, string CreatedAt, string? LastUsedAt);
