using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>What is told to the meter before a call is made.</summary>
internal static class NewCall
{
    public static NewHold Of(HttpContext http, Caller caller, CalledModel model, CallSize size, TimeSpan within) => new()
    {
        RequestId = http.TraceIdentifier,
        AccountId = caller.Id,
        CallerId = caller.Id,
        TokenId = caller.CredentialId == Guid.Empty ? null : caller.CredentialId,
        ProductId = model.ProductId,
        ProductName = model.Id,
        SellerId = model.SellerId,
        Revision = model.Revision,
        PromptTokens = size.Prompt,
        MaxOutputTokens = size.MaxOutputOfAll,
        ModelTimeout = within,
    };
}
