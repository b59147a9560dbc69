using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;

namespace Lodestone.Identity;

/// <summary>
/// The route constraint <c>account</c>: a segment that may be an account's name, so none of the words that our own addresses
/// begin with. Routing asks at start which of those words the segment could be, and keeps the routes behind it once for each.
/// </summary>
internal sealed class AccountSegment : IRouteConstraint, IParameterLiteralNodeMatchingPolicy
{
    public const string Name = "account";

    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values.TryGetValue(routeKey, out var value) && value is string name && !AccountName.IsReserved(name);

    public bool MatchesLiteral(string parameterName, string literal) => !AccountName.IsReserved(literal);
}
