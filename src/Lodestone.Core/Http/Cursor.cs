using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Lodestone.Core;

/// <summary>Paging by the last item seen. The text is opaque to clients.</summary>
public static class Cursor
{
    public static string Encode(string lastSeen) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(lastSeen));

    /// <exception cref="Refusal">The cursor is not one of ours.</exception>
    public static string? Decode(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
        {
            return null;
        }

        try
        {
            return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (FormatException)
        {
            throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" };
        }
    }

    /// <summary>Adds <c>Link: …; rel="next"</c> with every parameter of this call and the cursor of the next page.</summary>
    public static void LinkNext(HttpContext context, string lastSeen)
    {
        var query = new QueryBuilder(context.Request.Query.Where(p => p.Key != "cursor").SelectMany(p => p.Value, (p, value) => KeyValuePair.Create(p.Key, value ?? "")))
        {
            { "cursor", Encode(lastSeen) },
        };
        context.Response.Headers.Link = $"<{context.Request.BaseAddress()}{context.Request.Path.ToUriComponent()}{query}>; rel=\"next\"";
    }

    /// <summary>The address that the client called, without a trailing slash: hub clients accept no other host in answers.</summary>
    public static string BaseAddress(this HttpRequest request) => $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}";
}
