using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>Knows where the worker's executable is, and starts it.</summary>
internal sealed partial class EngineLauncher(ComputeOptions options, SocketDirectory sockets, ILoggerFactory logs)
{
    private readonly ILogger _log = logs.CreateLogger<EngineLauncher>();
    private readonly ILogger _engineLog = logs.CreateLogger("Lodestone.Engine");

    private readonly string _executable = Path.GetFullPath(options.Engine ?? Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "lodestone-engine.exe" : "lodestone-engine"));


    /// <exception cref="Refusal"><c>unavailable</c>: there is no worker to start.</exception>
    public EngineProcess Start(string weights, string name) => EngineProcess.Start(Require(), weights, name, sockets.Next(), _engineLog);

    /// <inheritdoc cref="Start"/>
    public ConversionRun Convert(ConversionWork work) => ConversionRun.Start(Require(), work, _engineLog);

    private string Require()
    {
        if (!File.Exists(_executable))
        {
            EngineMissing(_log, _executable);
            throw new Refusal(RefusalCode.Unavailable, "This server has no inference engine. Its operator finds in the log where it was looked for.");
        }

        return _executable;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "There is no inference engine at {Executable}; set Compute:Engine")]
    private static partial void EngineMissing(ILogger log, string executable);
}
