using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>A part of a route that is one of a few words. An expression in the route itself would be compiled for every route that has it.</summary>
internal abstract class RouteWords(params string[] words) : IRouteConstraint, IParameterLiteralNodeMatchingPolicy
{
    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) && value is string literal && MatchesLiteral(routeKey, literal);

    public bool MatchesLiteral(string parameterName, string literal) => words.Contains(literal, StringComparer.OrdinalIgnoreCase);

    public static void AddTo(IServiceCollection services) => services.Configure<RouteOptions>(options =>
    {
        options.SetParameterPolicy<RepoTypeWord>(RepoTypeWord.Name);
        options.SetParameterPolicy<RepoPrefixWord>(RepoPrefixWord.Name);
        options.SetParameterPolicy<XetPrefixWord>(XetPrefixWord.Name);
    });
}

/// <summary>What stands behind <c>/api/</c>: <see cref="RepoTypes.Segment"/>.</summary>
internal sealed class RepoTypeWord() : RouteWords("models", "datasets", "spaces")
{
    public const string Name = "repoType";
}

/// <summary>What stands before <c>owner/name</c>: <see cref="RepoTypes.Prefix"/>.</summary>
internal sealed class RepoPrefixWord() : RouteWords("datasets", "spaces")
{
    public const string Name = "repoPrefix";
}

/// <summary>What Xet's clients call the sort of chunks.</summary>
internal sealed class XetPrefixWord() : RouteWords("default", "default-merkledb")
{
    public const string Name = "xetPrefix";
}
