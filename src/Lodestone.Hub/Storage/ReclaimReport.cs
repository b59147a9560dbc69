using System.Runtime.InteropServices;
using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>What a reclaim found and did; of a dry run, what it would have done.</summary>
public sealed record ReclaimReport
{
    /// <summary>Large files that no reference of their repository reaches.</summary>
    public Amount Unreferenced { get; internal set; }

    /// <summary>Of these, those that their repository let go of.</summary>
    public Amount Released { get; internal set; }

    /// <summary>Blobs that no repository holds and that have not waited long enough.</summary>
    public Amount Waiting { get; internal set; }

    /// <summary>Blobs that were deleted.</summary>
    public Amount Freed { get; internal set; }

    public required bool IsDryRun { get; init; }

    /// <summary>A line for each of the four.</summary>
    public string Text => $"""
        Large files that no branch, tag or other reference reaches: {Unreferenced}
          {(IsDryRun ? "would be let go of" : "let go of")} after waiting: {Released}
        Blobs that no repository holds, waiting: {Waiting}
        {(IsDryRun ? "Would free" : "Freed")}: {Freed}
        """;

    /// <param name="Bytes">Of all of them.</param>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Amount(long Files, long Bytes)
    {
        public static Amount operator +(Amount amount, long bytes) => new(amount.Files + 1, amount.Bytes + bytes);

        public override string ToString() => $"{Files} ({Readable.Bytes(Bytes)})";
    }
}
