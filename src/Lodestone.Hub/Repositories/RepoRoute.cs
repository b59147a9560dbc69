using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lodestone.Hub;

/// <summary>
/// Which repository a request is about and what stands after it, read from the request target as it was sent: a branch name
/// travels as one segment (<c>refs%2Fpr%2F1</c>) from some clients and as several from others, and the framework's path has
/// lost the difference. The only place that takes a hub address apart.
/// </summary>
/// <param name="Owner">Empty for the namespace-less names of old; nothing has those here.</param>
/// <param name="Name">Without <c>.git</c>.</param>
/// <param name="Rest">Segments behind the verb (<c>tree</c>, <c>resolve</c>, …), each decoded once.</param>
internal sealed record RepoRoute(RepoType Type, string Owner, string Name, IReadOnlyList<string> Rest)
{
    /// <summary>Where the calls about gates are, which name a repository as the other calls do.</summary>
    public const string Gates = "/api/v1/gates/";

    /// <summary>The segments behind the verb as one name, for routes whose last part is a revision.</summary>
    public string Revision => string.Join('/', Rest);

    public static ValueTask<RepoRoute?> BindAsync(HttpContext context)
    {
        var segments = Segments(Target(context));
        segments = segments is ["api", "v1", "gates", .. var named] ? ["api", .. named] : segments;
        var isApi = segments is ["api", ..];
        var type = isApi || segments[0] is not "models" ? RepoTypes.FromSegment(segments.ElementAtOrDefault(isApi ? 1 : 0)) : null;
        var place = segments.Skip((isApi ? 1 : 0) + (type is null ? 0 : 1)).ToArray();
        var hasOwner = context.Request.RouteValues.ContainsKey("owner");
        if (place.Length < (hasOwner ? 2 : 1))
        {
            return ValueTask.FromResult<RepoRoute?>(new RepoRoute(type ?? RepoType.Model, "", "", []));
        }

        var (owner, name) = hasOwner ? (place[0], place[1]) : ("", place[0]);
        if (!isApi && name.EndsWith(".git", StringComparison.Ordinal))
        {
            name = name[..^".git".Length];
        }

        return ValueTask.FromResult<RepoRoute?>(new RepoRoute(type ?? RepoType.Model, owner, name, place[Math.Min(hasOwner ? 3 : 2, place.Length)..]));
    }

    /// <summary>Path and query as they were sent.</summary>
    public static string Target(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return target.StartsWith('/') || !Uri.TryCreate(target, UriKind.Absolute, out var absolute) ? target : absolute.PathAndQuery; // proxies may send the absolute form
    }

    private static string[] Segments(string target) => [.. target.Split('?')[0].Trim('/').Split('/').Select(Uri.UnescapeDataString)];
}
