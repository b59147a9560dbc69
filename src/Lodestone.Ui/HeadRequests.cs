using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Ui;

public static class HeadRequests
{
    /// <summary>Lets pages answer HEAD as they answer GET, which the framework's pages alone do not. The server leaves the body out.</summary>
    public static TBuilder WithHead<TBuilder>(this TBuilder pages)
        where TBuilder : IEndpointConventionBuilder
    {
        pages.Add(page =>
        {
            for (var i = 0; i < page.Metadata.Count; i++)
            {
                if (page.Metadata[i] is HttpMethodMetadata methods && methods.HttpMethods.Contains(HttpMethods.Get) && !methods.HttpMethods.Contains(HttpMethods.Head))
                {
                    page.Metadata[i] = new HttpMethodMetadata([.. methods.HttpMethods, HttpMethods.Head]);
                }
            }
        });
        return pages;
    }
}
