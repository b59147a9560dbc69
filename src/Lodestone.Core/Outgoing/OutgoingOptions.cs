using System.Net;

namespace Lodestone.Core;

/// <summary>Settings under <c>Outgoing</c>: which addresses the server may call because a user named them.</summary>
public sealed record OutgoingOptions
{
    /// <summary>
    /// Ranges that may be called although they are not public, such as <c>10.20.0.0/16</c>; none unless given. Name only where
    /// receivers are: whoever may make a webhook can send requests there.
    /// </summary>
    public IReadOnlyList<string> AllowedRanges { get; init; } = [];

    internal bool IsValid => AllowedRanges.All(range => IPNetwork.TryParse(range, out _));
}
