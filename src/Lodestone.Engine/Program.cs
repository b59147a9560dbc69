using Lodestone.Engine.Conversion;

namespace Lodestone.Engine;

/// <summary>The worker: loads one model and serves it on a Unix socket until it is told to stop or its parent is gone; or converts one and ends.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        try
        {
            await (arguments is [ConversionCommand.Verb, .. var asked] ? ConversionCommand.Parse(asked).RunAsync() : Worker.Run(EngineOptions.Parse(arguments)));
            return (int)ExitCode.Stopped;
        }
        catch (EngineFault fault)
        {
            StandardError.Report(fault.Message);
            return (int)fault.ExitCode;
        }
        catch (Exception e)
        {
            StandardError.Report(e.ToString());
            return (int)ExitCode.Failed;
        }
    }
}
