using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Lodestone.Gateway;

/// <summary>Seals what was said for one account: a row that is given another's account does not open.</summary>
internal sealed class BodySeals(IDataProtectionProvider protection)
{
    public byte[] Seal(Guid accountId, SaidInCall said) => Of(accountId).Protect(JsonSerializer.SerializeToUtf8Bytes(said, GatewayJson.Default.SaidInCall));

    public SaidInCall Open(KeptBody kept) => JsonSerializer.Deserialize(Of(kept.AccountId).Unprotect(kept.Sealed), GatewayJson.Default.SaidInCall)!; // we wrote it

    private IDataProtector Of(Guid accountId) => protection.CreateProtector("gateway.body", accountId.ToString("N"));
}
