namespace Lodestone.Engine;

/// <summary>Why the worker cannot run as asked, in words for the person who started it.</summary>
internal sealed class EngineFault(string message, ExitCode exitCode = ExitCode.ModelRefused) : Exception(message)
{
    /// <summary>How the process ends if nobody handles the fault.</summary>
    public ExitCode ExitCode { get; } = exitCode;
}

/// <summary>What the worker's exit status tells whoever started it.</summary>
internal enum ExitCode
{
    /// <summary>Told to stop, or the parent is gone.</summary>
    Stopped = 0,

    /// <summary>Something broke: starting again may help.</summary>
    Failed = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>The model file is missing, corrupt or cannot be served: starting again does not help.</summary>
    ModelRefused = 3,

    /// <summary>The llama.cpp libraries are missing or of another release.</summary>
    LibraryRefused = 4,
}
