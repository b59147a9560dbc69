using Microsoft.AspNetCore.Builder;

namespace Lodestone.Core;

/// <summary>
/// Marks routes that issue and read credentials of their own: what stands in <c>Authorization</c> there is no access token of an
/// account, and nobody but the route looks at it.
/// </summary>
public sealed class OwnAuthority;

public static class OwnAuthorityRoutes
{
    public static TBuilder WithOwnAuthority<TBuilder>(this TBuilder routes)
        where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new OwnAuthority());
}
