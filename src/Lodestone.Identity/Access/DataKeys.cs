using System.Data.Common;
using System.Xml.Linq;
using Lodestone.Core;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Lodestone.Identity;

/// <summary>
/// Keeps the keys with which the framework signs form tokens in the database, so that a form opened on one server, or before a
/// restart, is accepted by another. By hand, because the framework reads them while the server starts.
/// </summary>
internal sealed class DataKeys(Database database, TimeProvider clock) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = Open();
        using var query = connection.Command($"select xml from identity_data_key order by created_at");
        using var row = query.ExecuteReader();
        var keys = new List<XElement>();
        while (row.Read())
        {
            keys.Add(XElement.Parse(row.GetString(0)));
        }

        return keys;
    }

    // This write passes Core's gate by and waits inside the database instead. It happens every 90 days.
    public void StoreElement(XElement element, string friendlyName)
    {
        var now = clock.GetUtcNow();
        using var connection = Open();
        using var insert = connection.Command(
            $"insert into identity_data_key (id, xml, created_at) values ({Guid.CreateVersion7(now)}, {element.ToString(SaveOptions.DisableFormatting)}, {database.Instant(now)})");
        insert.ExecuteNonQuery();
    }

    // The framework's interface is synchronous.
    private DbConnection Open() => database.OpenAsync(DatabaseFile.Main, CancellationToken.None).GetAwaiter().GetResult();
}
