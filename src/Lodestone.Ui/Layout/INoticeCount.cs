using Lodestone.Core;

namespace Lodestone.Ui;

/// <summary>How much the caller has not read yet, for the bell in the frame. A module above this one has it.</summary>
public interface INoticeCount
{
    /// <summary>What the bell leads to.</summary>
    string Href { get; }

    Task<int> UnreadAsync(Caller caller, CancellationToken cancel);
}
