using Lodestone.Core;
using Lodestone.Ui;

namespace Lodestone.Billing;

/// <summary>The caller's balance in the frame; before anything was paid in, what is left of the free allowance.</summary>
internal sealed class BalanceChip(Wallets wallets) : IAccountChip
{
    public string Href => "/usage";

    public async Task<string?> TextAsync(Caller caller, CancellationToken cancel)
    {
        if (!caller.IsAuthenticated)
        {
            return null;
        }

        var wallet = await wallets.ViewAsync(caller.Id, cancel);
        return wallet.Balance.IsZero ? $"{Readable.Amount(wallet.FreeLeft)} free" : Readable.Amount(wallet.Balance);
    }
}
