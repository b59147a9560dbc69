using Microsoft.AspNetCore.DataProtection;

namespace Lodestone.Gateway;

/// <summary>Keys of remote back-ends, encrypted in the database with the server's data protection keys. They are shown to nobody.</summary>
internal sealed class BackendKeys(IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("gateway.backend.key");

    public string? Seal(string? key) => string.IsNullOrEmpty(key) ? null : _protector.Protect(key);

    public string? Open(RemoteBackend backend) => backend.SealedKey is null ? null : _protector.Unprotect(backend.SealedKey);
}
