namespace Lodestone.Hub;

/// <summary>How much one push may ask for.</summary>
internal sealed record PushLimits
{
    /// <summary>References that change.</summary>
    public int Commands { get; init; } = 2000;

    /// <summary>Bytes.</summary>
    public long Pack { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>Of each process of git that looks at the pack.</summary>
    public GitBounds Bounds { get; init; } = new(256L * 1024 * 1024, 4L * 1024 * 1024 * 1024, TimeSpan.FromMinutes(10));

    /// <summary>Bytes of a file that git itself holds.</summary>
    public long RegularFile { get; init; } = CommitReader.MaxRegularFile;

    /// <summary>Files in a commit, each as often as it occurs.</summary>
    public long Files { get; init; } = 1_000_000;
}
