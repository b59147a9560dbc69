using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>Passes what a worker prints on to the log, and remembers the last lines for when it dies. Native code prints what it likes, so lines are cut.</summary>
internal sealed partial class EngineOutput(string name, int processId, ILogger log)
{
    private const int LongestLine = 500;
    private const int LinesKept = 12;

    private readonly Lock _gate = new(); // guards _last: two streams are pumped at once
    private readonly Queue<string> _last = new();

    /// <summary>The last lines, oldest first.</summary>
    public string Last()
    {
        lock (_gate)
        {
            return string.Join('\n', _last);
        }
    }

    /// <summary>What the worker itself gave as the reason: the last line of the form <c>{"error": "…"}</c>.</summary>
    public string? Reason()
    {
        lock (_gate)
        {
            return _last.Reverse().Select(ErrorOf).FirstOrDefault(e => e is not null);
        }
    }

    /// <summary>Runs until the worker closes the stream.</summary>
    public async Task PumpAsync(StreamReader reader)
    {
        var buffer = new char[1024];
        var line = new StringBuilder();
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            foreach (var letter in buffer.AsSpan(0, count))
            {
                if (letter == '\n')
                {
                    Take(line);
                }
                else if (line.Length < LongestLine)
                {
                    line.Append(letter);
                }
            }
        }

        Take(line);
    }

    private void Take(StringBuilder line)
    {
        var text = line.ToString().TrimEnd();
        line.Clear();
        if (text.Length == 0)
        {
            return;
        }

        Printed(log, name, processId, text);
        lock (_gate)
        {
            _last.Enqueue(text);
            if (_last.Count > LinesKept)
            {
                _last.Dequeue();
            }
        }
    }

    private static string? ErrorOf(string line)
    {
        if (!line.StartsWith('{'))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.String ? error.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Model} ({ProcessId}): {Line}")]
    private static partial void Printed(ILogger log, string model, int processId, string line);
}
