using System.Globalization;

namespace Lodestone.Engine.Inference;

/// <summary>How many cores are left to compute on: what others use is theirs, other engines included, and one more is kept free unless
/// nobody wants it.</summary>
internal sealed class MachineLoad(TimeProvider clock)
{
    private const string Statistics = "/proc/stat";
    private const double TicksPerSecond = 100;

    // What others may use, in cores, of a machine that counts as idle.
    private const double Idle = 0.3;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private long _lookedAt = clock.GetTimestamp();
    private (double All, double Own) _before = (Busy() ?? 0, Own());
    private int _threads = Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Threads that may compute. Looks four times a second.</summary>
    public int Threads
    {
        get
        {
            var elapsed = clock.GetElapsedTime(_lookedAt);
            if (elapsed >= Interval && Busy() is { } all)
            {
                var now = (all, Own());
                var others = ((now.all - _before.All) - (now.Item2 - _before.Own)) / elapsed.TotalSeconds;
                _threads = Left(Environment.ProcessorCount, others);
                _before = now;
                _lookedAt = clock.GetTimestamp();
            }

            return _threads;
        }
    }

    /// <summary>The threads that may compute when others use so many cores.</summary>
    public static int Left(int cores, double others) => others < Idle ? cores : Math.Max(1, cores - 1 - (int)Math.Floor(others + Idle));

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
