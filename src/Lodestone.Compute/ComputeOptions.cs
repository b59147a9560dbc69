namespace Lodestone.Compute;

/// <summary>How models are loaded: section <c>Compute</c> of the settings.</summary>
public sealed record ComputeOptions
{
    /// <summary>Path of the worker's executable. Absent means the one that came with the server.</summary>
    public string? Engine { get; init; }

    /// <summary>A model that has not loaded by then is given up. Two minutes.</summary>
    public TimeSpan LoadWithin { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>A model that nobody called for so long leaves memory. Ten minutes.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Models in memory at once, at least 1. Four; to load another, the one that was idle longest leaves.</summary>
    public int LoadedAtMost { get; init; } = 4;
}
