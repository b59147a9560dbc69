using System.Diagnostics;
using System.Globalization;

namespace Lodestone.Benchmarks;

/// <summary>Speeds of several pieces of work, taken by turns, so that what else the machine does meets them alike.</summary>
internal sealed class Speed(int rounds, TextWriter output)
{
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(500);

    private readonly List<(string Name, long Bytes, Action Work, List<double> Rates)> _entries = [];

    /// <param name="bytes">What the work goes through each time.</param>
    public void Add(string name, long bytes, Action work) => _entries.Add((name, bytes, work, []));

    /// <summary>Prints the median of each, and its ratio to the first one's. By processor time of the whole process: MB/s of one core.</summary>
    public void Print()
    {
        for (var round = 0; round <= rounds; round++)
        {
            foreach (var (_, bytes, work, rates) in _entries)
            {
                var rate = Rate(bytes, work);
                if (round > 0) // the first lets the compiler settle
                {
                    rates.Add(rate);
                }
            }
        }

        foreach (var (name, _, _, rates) in _entries)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44} {Median(rates),8:F0} MB/s   {Median(rates) / Median(_entries[0].Rates),5:F2}"));
        }
    }

    private static double Rate(long bytes, Action work)
    {
        var (start, times) = (Environment.CpuUsage.TotalTime, 0);
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Round; times++)
        {
            work();
        }

        return bytes * times / (Environment.CpuUsage.TotalTime - start).TotalSeconds / 1e6;
    }

    private static double Median(List<double> rates) => rates.Order().ElementAt(rates.Count / 2);
}
