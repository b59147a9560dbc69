using System.Net;
using System.Net.Sockets;
using MaxMind.Db;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// The operator's database of network addresses (an .mmdb file, <see cref="HubOptions.AddressDatabase"/>), read into memory at first
/// use and again whenever the file is another one. A file that cannot be read leaves what was read before in its place.
/// </summary>
internal sealed partial class AddressDatabase(HubOptions options, ILogger<AddressDatabase> log) : IDisposable
{
    // Guards the two fields below while a file is read. A reader that was replaced is left to the collector: requests may be looking in it.
    private readonly Lock _reading = new();

    private volatile Reader? _reader;
    private (DateTime WrittenAt, long Length) _seen;

    /// <summary>The operator has named a file, and it could be read.</summary>
    public bool IsThere => Current() is not null;

    /// <returns>Null: the database says nothing about the address, or there is none.</returns>
    public Origin? Find(IPAddress address)
    {
        var meant = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var reader = Current();
        return reader is null || (meant.AddressFamily is AddressFamily.InterNetworkV6 && reader.Metadata.IPVersion == 4)
            ? null
            : Origin.Of(reader.Find<Dictionary<string, object>>(meant));
    }

    public void Dispose() => _reader?.Dispose();

    private Reader? Current()
    {
        if (options.AddressDatabase is not { } path)
        {
            return null;
        }

        var file = new FileInfo(path);
        lock (_reading)
        {
            if (file.Exists && (file.LastWriteTimeUtc, file.Length) is var found && found != _seen)
            {
                _seen = found;
                Read(path);
            }

            return _reader;
        }
    }

    private void Read(string path)
    {
        try
        {
            _reader = new Reader(path, FileAccessMode.Memory);
            WasRead(log, path, _reader.Metadata.DatabaseType, _reader.Metadata.BuildDate);
        }
        catch (Exception failure) when (failure is InvalidDatabaseException or IOException or UnauthorizedAccessException)
        {
            NotRead(log, path, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Read the database of network addresses {Path}: {DatabaseType}, built {BuiltAt}")]
    private static partial void WasRead(ILogger log, string path, string databaseType, DateTime builtAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Could not read the database of network addresses {Path}: what was read before stays, and without it gates that are closed to some places let in members only")]
    private static partial void NotRead(ILogger log, string path, Exception failure);
}
