using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Core;

/// <summary>Routing and the binding of parameters refuse with a status alone; clients want the shape that they know, and words.</summary>
internal static class WordlessAnswers
{
    public static void UseWordsForWordlessAnswers(this WebApplication app) => app.Use(async (context, next) =>
    {
        await next(context);
        var response = context.Response;
        if (!response.HasStarted && response.ContentLength is null && response.ContentType is null && Refusal(context) is { } refusal)
        {
            await app.Services.GetRequiredService<RefusalHandler>().WriteAsync(context, refusal);
        }
    });

    private static Refusal? Refusal(HttpContext context) => (context.GetEndpoint(), context.Response.StatusCode) switch
    {
        (null, 404) => new Refusal(RefusalCode.NotFound, $"There is nothing at {context.Request.Path}."),
        ({ } endpoint, 400) when Parsed(endpoint, context.Request).ToList() is [_, ..] names =>
            new Refusal(RefusalCode.Invalid, $"A number, day or identifier in the address is not one: {string.Join(", ", names)}.") { Param = names[0] },
        _ => null,
    };

    /// <summary>The parameters that were sent in the address and are more than text; one of them could not be read.</summary>
    private static IEnumerable<string> Parsed(Endpoint endpoint, HttpRequest request) =>
        from parameter in endpoint.Metadata.GetOrderedMetadata<IParameterBindingMetadata>()
        where parameter.HasTryParse
        let sent = request.Query.Keys.FirstOrDefault(key => key.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase))
            ?? request.RouteValues.Keys.FirstOrDefault(key => key.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase))
        where sent is not null
        select sent;
}
