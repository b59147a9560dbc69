using Lodestone.Core;

namespace Lodestone.Ui;

/// <summary>The few characters in the bar that tell how the caller's account stands. A module above this one has them.</summary>
public interface IAccountChip
{
    /// <summary>What the chip leads to.</summary>
    string Href { get; }

    /// <summary>For example <c>$12.40</c>; null shows no chip.</summary>
    Task<string?> TextAsync(Caller caller, CancellationToken cancel);
}
