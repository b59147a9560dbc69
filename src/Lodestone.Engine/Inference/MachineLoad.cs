using System.Globalization;

namespace Lodestone.Engine.Inference;

/// <summary>How many cores are left to compute on: one is for everybody else, unless nobody wants it.</summary>
internal sealed class MachineLoad(TimeProvider clock)
{
    private const string Statistics = "/proc/stat";
    private const double TicksPerSecond = 100;

    // What others may use, in cores, of a machine that counts as idle.
    private const double Idle = 0.3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _lookedAt = clock.GetTimestamp();
    private (double All, double Own) _before = (Busy() ?? 0, Own());
    private bool _isIdle;

    /// <summary>Threads that may compute. Looks once a second.</summary>
    public int Threads
    {
        get
        {
            var elapsed = clock.GetElapsedTime(_lookedAt);
            if (elapsed >= Interval && Busy() is { } all)
            {
                var now = (all, Own());
                var others = (now.all - _before.All) - (now.Item2 - _before.Own);
                _isIdle = others / elapsed.TotalSeconds < Idle;
                _before = now;
                _lookedAt = clock.GetTimestamp();
            }

            return Math.Max(1, Environment.ProcessorCount - (_isIdle ? 0 : 1));
        }
    }

    private static double Own() => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Seconds that all cores together were busy; null where that cannot be known for the cores that are ours.</summary>
    private static double? Busy()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var lines = File.ReadAllLines(Statistics);
        if (lines.Count(line => line.StartsWith("cpu", StringComparison.Ordinal)) - 1 != Environment.ProcessorCount)
        {
            return null; // a container that has a part of its machine
        }

        // user nice system idle iowait irq softirq steal
        var ticks = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        return (ticks.Take(8).Sum() - ticks[3] - ticks[4]) / TicksPerSecond;
    }
}
