namespace Lodestone.Engine;

/// <summary>The worker: loads one model and serves it on a Unix socket until it is told to stop or its parent is gone.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        try
        {
            await Worker.Run(EngineOptions.Parse(arguments));
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
