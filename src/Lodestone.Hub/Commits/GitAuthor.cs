using Lodestone.Core;

namespace Lodestone.Hub;

internal static class GitAuthor
{
    /// <summary>The address is one that cannot be mailed: addresses are not revealed.</summary>
    public static GitSignature Of(Caller caller, TimeProvider clock) => new(caller.Name, $"{caller.Name}@users.noreply.invalid", clock.GetUtcNow());
}
