using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Keys and their limits for programs: <c>/api/v1/keys</c>.</summary>
internal static class KeysApi
{
    public const string IdPrefix = "tok";

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/api/v1/keys").WithErrorShape(ErrorShape.Problem).WithTags("Keys");
        keys.MapGet("", List);
        keys.MapPost("", Create);
        keys.MapGet("/{id}", Find);
        keys.MapPut("/{id}", Change);
        keys.MapPost("/{id}/rotation", Rotate);
        keys.MapDelete("/{id}", Revoke);
    }

    private static async Task<Ok<KeyList>> List(Caller caller, Keys keys, CancellationToken cancel) =>
        TypedResults.Ok(new KeyList([.. (await keys.ListAsync(caller, cancel)).Select(KeyView.Of)]));

    private static async Task<Ok<KeyView>> Find(string id, Caller caller, Keys keys, CancellationToken cancel) =>
        TypedResults.Ok(KeyView.Of(await keys.FindAsync(caller, IdOf(id), cancel)));

    private static async Task<Created<MadeKey>> Create(KeyRequest wanted, Caller caller, Keys keys, HttpContext http, CancellationToken cancel)
    {
        var made = await keys.CreateAsync(caller, wanted.Key(), wanted.Limit(), cancel);
        return await ShowAsync(made, caller, keys, http, cancel);
    }

    private static async Task<Ok<KeyView>> Change(string id, KeyRequest wanted, Caller caller, Keys keys, CancellationToken cancel)
    {
        await keys.ChangeAsync(caller, IdOf(id), wanted.Key(), wanted.Limit(), cancel);
        return TypedResults.Ok(KeyView.Of(await keys.FindAsync(caller, IdOf(id), cancel)));
    }

    private static async Task<Created<MadeKey>> Rotate(string id, Rotation wanted, Caller caller, Keys keys, HttpContext http, CancellationToken cancel)
    {
        var made = await keys.RotateAsync(caller, IdOf(id), TimeSpan.FromHours(wanted.OverlapHours), cancel);
        return await ShowAsync(made, caller, keys, http, cancel);
    }

    private static async Task<NoContent> Revoke(string id, Caller caller, Keys keys, CancellationToken cancel)
    {
        await keys.RevokeAsync(caller, IdOf(id), cancel);
        return TypedResults.NoContent();
    }

    private static async Task<Created<MadeKey>> ShowAsync(NewKey made, Caller caller, Keys keys, HttpContext http, CancellationToken cancel)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new MadeKey(KeyView.Of(await keys.FindAsync(caller, made.Id, cancel)), made.Value));
    }

    private static Guid IdOf(string id) => PublicId.TryParse(IdPrefix, id, out var keyId) ? keyId : throw new Refusal(RefusalCode.NotFound, "You have no such key.");
}

/// <param name="Models"><c>owner/name</c> and <c>owner/*</c>; none for all.</param>
/// <param name="Addresses">Addresses and ranges that it is good from; none for anywhere.</param>
/// <param name="MayRead">Also what its owner may read, which private models need; counts when the key is made.</param>
internal sealed record KeyRequest(
    string? Name = null, IReadOnlyList<string>? Models = null, long? RequestsPerMinute = null, long? TokensPerMinute = null, DateTimeOffset? ExpiresAt = null, IReadOnlyList<string>? Addresses = null,
    bool MayRead = false)
{
    public WantedKey Key() => new(Name ?? "", ExpiresAt, Addresses ?? [], MayRead);

    public WantedLimit Limit() => new(Models ?? [], RequestsPerMinute, TokensPerMinute);
}

/// <param name="OverlapHours">How long the old key goes on; a day unless given.</param>
internal sealed record Rotation(int OverlapHours = 24);

/// <param name="Value">Shown this once.</param>
internal sealed record MadeKey(KeyView Key, string Value);

/// <param name="Keys">Newest first.</param>
internal sealed record KeyList(IReadOnlyList<KeyView> Keys);

/// <param name="Id"><c>tok_…</c></param>
internal sealed record KeyView(
    string Id, string Name, string Last4, IReadOnlyList<string> Models, long? RequestsPerMinute, long? TokensPerMinute, string? ExpiresAt, IReadOnlyList<string> Addresses, string CreatedAt, string? LastUsedAt)
{
    public static KeyView Of(LimitedKey limited) => new(
        PublicId.Format(KeysApi.IdPrefix, limited.Key.Id),
        limited.Key.Name,
        limited.Key.Last4,
        limited.Limit?.ModelNames ?? [],
        limited.Limit?.RequestsPerMinute,
        limited.Limit?.TokensPerMinute,
        limited.Key.ExpiresAt is { } end ? Instants.ToWire(end) : null,
        limited.Key.Addresses,
        Instants.ToWire(limited.Key.CreatedAt),
        limited.Key.LastUsedAt is { } used ? Instants.ToWire(used) : null);
}
