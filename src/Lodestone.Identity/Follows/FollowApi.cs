using System.Text.Json.Serialization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Identity;

/// <summary>Following users and organizations, and who does, as hub clients ask for it. Everybody may know.</summary>
internal static class FollowApi
{
    private const int LargestPage = 500;

    public static void MapFollows(this IEndpointRouteBuilder routes)
    {
        foreach (var (kind, isOrganization) in new[] { ("users", false), ("organizations", true) })
        {
            var one = routes.MapGroup($"/api/{kind}/{{name}}").WithErrorShape(ErrorShape.Hub).WithTags("Follows");
            one.MapPost("/follow", async (string name, Caller caller, Namespaces namespaces, Follows follows, CancellationToken cancel) =>
            {
                await follows.FollowAsync(caller, await IdAsync(namespaces, name, isOrganization, cancel), cancel);
                return TypedResults.Ok();
            });
            one.MapDelete("/follow", async (string name, Caller caller, Namespaces namespaces, Follows follows, CancellationToken cancel) =>
            {
                await follows.UnfollowAsync(caller, await IdAsync(namespaces, name, isOrganization, cancel), cancel);
                return TypedResults.Ok();
            });
            one.MapGet("/followers", async (string name, HttpContext context, Namespaces namespaces, Follows follows, IdentityDb db, Caller caller, CancellationToken cancel) =>
            {
                var id = await IdAsync(namespaces, name, isOrganization, cancel);
                return await ListAsync(db.Follows.Where(f => f.FollowedId == id).Select(f => f.FollowerId), db, follows, caller, context, cancel);
            });
        }

        routes.MapGet("/api/users/{name}/following", ListFollowed).WithErrorShape(ErrorShape.Hub).WithTags("Follows");
    }

    private static async Task<Ok<IReadOnlyList<FollowedName>>> ListFollowed(
        string name, HttpContext context, Namespaces namespaces, Follows follows, IdentityDb db, Caller caller, CancellationToken cancel)
    {
        var id = await IdAsync(namespaces, name, isOrganization: false, cancel);
        return await ListAsync(db.Follows.Where(f => f.FollowerId == id).Select(f => f.FollowedId), db, follows, caller, context, cancel);
    }

    private static async Task<Guid> IdAsync(Namespaces namespaces, string name, bool isOrganization, CancellationToken cancel) =>
        await namespaces.FindAsync(name, cancel) is { } found && found.IsOrganization == isOrganization
            ? found.Id
            : throw new Refusal(RefusalCode.NotFound, isOrganization ? "This organization does not exist" : "This user does not exist");

    private static async Task<Ok<IReadOnlyList<FollowedName>>> ListAsync(
        IQueryable<Guid> ids, IdentityDb db, Follows follows, Caller caller, HttpContext context, CancellationToken cancel)
    {
        var limit = int.TryParse(context.Request.Query["limit"], System.Globalization.CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, LargestPage) : LargestPage;
        var after = Cursor.Decode(context.Request.Query["cursor"])?.Replace("\0", "", StringComparison.Ordinal) ?? "";
        var page = await db.Namespaces.AsNoTracking().Where(n => ids.Contains(n.Id) && string.Compare(n.LoweredName, after) > 0)
            .OrderBy(n => n.LoweredName).Take(limit + 1).ToListAsync(cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, page[^1].LoweredName);
        }

        var followed = await follows.ToAsync(caller, page.ConvertAll(n => n.Id), cancel);
        return TypedResults.Ok<IReadOnlyList<FollowedName>>([.. page.Select(n => new FollowedName(n.Name, n.FullName, n.Avatar(), n.IsOrganization ? "org" : "user", followed[n.Id].IsOwn))]);
    }
}

/// <param name="User">The name, also of an organization.</param>
/// <param name="Type"><c>user</c> or <c>org</c>.</param>
/// <param name="IsFollowing">The caller follows it.</param>
internal sealed record FollowedName(string User, [property: JsonPropertyName("fullname")] string FullName, string AvatarUrl, string Type, bool IsFollowing)
{
    public bool IsPro { get; }
}
