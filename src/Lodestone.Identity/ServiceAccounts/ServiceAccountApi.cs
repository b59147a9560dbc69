using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>Service accounts for administrators of their organization: <c>/api/v1/organizations/{organization}/service-accounts</c>.</summary>
internal static class ServiceAccountApi
{
    private const string AccountPrefix = "sa";
    private const string TokenPrefix = "tok";

    public static void MapServiceAccounts(this IEndpointRouteBuilder routes)
    {
        var accounts = routes.MapGroup("/api/v1/organizations/{organization}/service-accounts").WithErrorShape(ErrorShape.Problem).WithTags("Service accounts");
        accounts.MapGet("", List);
        accounts.MapPost("", Create);
        accounts.MapDelete("/{id}", Close);
        accounts.MapPost("/{id}/tokens", Issue);
        accounts.MapDelete("/{id}/tokens/{tokenId}", Revoke);
    }

    private static async Task<Ok<ServiceAccountList>> List(string organization, ServiceAccounts accounts, CancellationToken cancel)
    {
        var found = await accounts.RequireAsync(organization, cancel);
        var list = await accounts.ListAsync(found.Id, cancel);
        return TypedResults.Ok(new ServiceAccountList([.. list.Select(a => Summarize(a.Account, a.Tokens))]));
    }

    private static async Task<Created<ServiceAccountSummary>> Create(NewServiceAccount wanted, string organization, ServiceAccounts accounts, CancellationToken cancel)
    {
        var account = await accounts.CreateAsync(await accounts.RequireAsync(organization, cancel), wanted, cancel);
        return TypedResults.Created((string?)null, Summarize(account, []));
    }

    private static async Task<NoContent> Close(string organization, string id, ServiceAccounts accounts, CancellationToken cancel) =>
        await accounts.CloseAsync(await accounts.RequireAsync(organization, cancel), AccountId(id), cancel) ? TypedResults.NoContent() : throw Unknown();

    private static async Task<Created<CreatedServiceToken>> Issue(
        NewServiceToken wanted, string organization, string id, ServiceAccounts accounts, HttpContext context, CancellationToken cancel)
    {
        var value = await accounts.IssueAsync(await accounts.RequireAsync(organization, cancel), AccountId(id), wanted, cancel);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new CreatedServiceToken(wanted.Name, wanted.Role, value));
    }

    private static async Task<NoContent> Revoke(string organization, string id, string tokenId, ServiceAccounts accounts, CancellationToken cancel)
    {
        var found = await accounts.RequireAsync(organization, cancel);
        return PublicId.TryParse(TokenPrefix, tokenId, out var token) && await accounts.RevokeAsync(found, AccountId(id), token, cancel)
            ? TypedResults.NoContent()
            : throw new Refusal(RefusalCode.NotFound, "The service account has no such token.");
    }

    private static Guid AccountId(string id) => PublicId.TryParse(AccountPrefix, id, out var found) ? found : throw Unknown();

    private static Refusal Unknown() => new(RefusalCode.NotFound, "The organization has no such service account.");

    private static ServiceAccountSummary Summarize(ServiceAccount account, IReadOnlyList<ServiceToken> tokens) => new(
        PublicId.Format(AccountPrefix, account.Id), account.Name, account.Description, account.Role.ToWire(), Instants.ToWire(account.CreatedAt), [.. tokens.Select(Summarize)]);

    private static ServiceTokenSummary Summarize(ServiceToken token) => new(
        PublicId.Format(TokenPrefix, token.Id), token.Name, token.Role, token.Last4, Instants.ToWire(token.CreatedAt), token.LastUsedAt is { } at ? Instants.ToWire(at) : null);
}

internal sealed record ServiceAccountList(IReadOnlyList<ServiceAccountSummary> ServiceAccounts);

/// <param name="Id"><c>sa_…</c></param>
/// <param name="Role"><c>read</c>, <c>contributor</c> or <c>write</c>.</param>
/// <param name="Tokens">Live ones, newest first.</param>
internal sealed record ServiceAccountSummary(string Id, string Name, string Description, string Role, string CreatedAt, IReadOnlyList<ServiceTokenSummary> Tokens);

/// <param name="Id"><c>tok_…</c></param>
/// <param name="LastUsedAt">To the minute; absent when never used.</param>
internal sealed record ServiceTokenSummary(string Id, string Name, string Role, string Last4, string CreatedAt, string? LastUsedAt);

/// <param name="Value">Shown this once.</param>
internal sealed record CreatedServiceToken(string Name, string Role, string Value);
