using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Identity;

/// <summary>
/// Keeps the keys with which the framework signs form tokens in the database, so that a form opened on one server, or before a
/// restart, is accepted by another.
/// </summary>
internal sealed class DataKeys(IServiceScopeFactory scopes, TimeProvider clock) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        return [.. db.DataKeys.AsNoTracking().OrderBy(k => k.CreatedAt).Select(k => k.Xml).AsEnumerable().Select(xml => XElement.Parse(xml))];
    }

    // The framework's interface is synchronous, so this write passes Core's gate by and waits inside the database instead. It happens every 90 days.
    public void StoreElement(XElement element, string friendlyName)
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<IdentityDb>();
        var now = clock.GetUtcNow();
        db.DataKeys.Add(new DataKey { Id = Guid.CreateVersion7(now), Xml = element.ToString(SaveOptions.DisableFormatting), CreatedAt = now });
        db.SaveChanges();
    }
}

/// <summary>One key as the framework writes it.</summary>
internal sealed class DataKey
{
    public required Guid Id { get; init; }

    public required string Xml { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
