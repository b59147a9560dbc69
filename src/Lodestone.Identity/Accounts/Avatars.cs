using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Identity;

/// <summary>A drawn picture for those who chose none: a colour from the id, squares from its digits.</summary>
internal static class Avatars
{
    private const int Side = 5;

    public static void MapAvatars(this IEndpointRouteBuilder routes) => routes.MapGet("/avatars/{id}.svg", Draw).WithErrorShape(ErrorShape.Hub);

    public static string Avatar(this Namespace owner) => owner.AvatarUrl ?? $"/avatars/{PublicId.ToHub(owner.Id)}.svg";

    private static ContentHttpResult Draw(string id, HttpContext context)
    {
        if (!PublicId.TryParseHub(id, out _))
        {
            throw new Refusal(RefusalCode.NotFound, "There is no such picture.");
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Text(Svg(Secret.Hash(id)), "image/svg+xml");
    }

    // Mirrored left to right, so that it looks like something.
    private static string Svg(string digits)
    {
        var hue = int.Parse(digits.AsSpan(0, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture) % 360;
        var squares =
            from row in Enumerable.Range(0, Side)
            from column in Enumerable.Range(0, Side)
            let mirrored = Math.Min(column, Side - 1 - column)
            where digits[8 + (row * 3) + mirrored] >= '8'
            select string.Create(CultureInfo.InvariantCulture, $"M{column + 1} {row + 1}h1v1h-1z");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 7 7"><path fill="hsl({hue} 45% 90%)" d="M0 0h7v7H0z"/><path fill="hsl({hue} 55% 42%)" d="{string.Concat(squares)}"/></svg>""");
    }
}
