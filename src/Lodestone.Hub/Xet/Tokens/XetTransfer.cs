using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Xet as one of the ways in which LFS clients send objects. Clients that offer it get it; they have the others for servers without.</summary>
internal sealed class XetTransfer(XetTokens tokens, HubOptions options, TimeProvider clock)
{
    public const string Name = "xet";

    /// <summary>What the client does with every object of the batch: the same, because the token is for the repository.</summary>
    /// <returns>Null when it shall go another way.</returns>
    public async Task<LfsAction?> FindUploadAsync(Repo repo, LfsRequest asked, Caller caller, string baseAddress, CancellationToken cancel)
    {
        if (!options.Xet || asked.Transfers?.Contains(Name, StringComparer.Ordinal) is not true)
        {
            return null;
        }

        var token = await tokens.GrantAsync(tokens.For(repo, XetScope.Write, caller), baseAddress, cancel);
        var proposal = repo.CanBeChangedBy(caller) ? "" : "?create_pr=1";
        var revision = Uri.EscapeDataString(asked.Ref?.Name ?? "None");
        var session = Guid.CreateVersion7(clock.GetUtcNow()).ToString("N", CultureInfo.InvariantCulture);
        return new LfsAction($"{baseAddress}/api/{repo.Type.Segment()}/{repo.FullName}/xet-write-token/{revision}{proposal}")
        {
            Header = new Dictionary<string, string>(token.ToHeaders(), StringComparer.Ordinal) { ["X-Xet-Session-Id"] = session },
            ExpiresIn = (long)XetToken.Lifetime.TotalSeconds,
        };
    }
}
