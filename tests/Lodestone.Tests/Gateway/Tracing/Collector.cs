using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Tests.Gateway.Tracing;

/// <summary>A collector that takes OTLP over HTTP, and reads as much of it as tests ask about.</summary>
public sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>What came, by path.</summary>
    public ConcurrentQueue<(string Path, byte[] Body)> Received { get; } = new();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var collector = new Collector(app);
        app.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            collector.Received.Enqueue((request.Path.Value!, body.ToArray())); // it has one
            return Results.Bytes([], "application/x-protobuf");
        });
        await app.StartAsync();
        return collector;
    }

    /// <summary>Every span: its name and its attributes.</summary>
    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, object> Attributes)> Spans() =>
        [.. Received.Where(r => r.Path is "/v1/traces").SelectMany(r => Messages(r.Body, 1)).SelectMany(resource => Messages(resource, 2)).SelectMany(scope => Messages(scope, 2))
            .Select(span => (Text(span, 5), Attributes(span, 9)))];

    /// <summary>Every histogram's points: its name and the point's attributes.</summary>
    public IReadOnlyList<(string Name, IReadOnlyDictionary<string, object> Attributes)> Histograms() =>
        [.. Received.Where(r => r.Path is "/v1/metrics").SelectMany(r => Messages(r.Body, 1)).SelectMany(resource => Messages(resource, 2)).SelectMany(scope => Messages(scope, 2))
            .SelectMany(metric => Messages(metric, 9).SelectMany(h => Messages(h, 1)).Select(point => (Text(metric, 1), Attributes(point, 9))))];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Dictionary<string, object> Attributes(byte[] owner, int field)
    {
        var all = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var pair in Messages(owner, field))
        {
            all[Text(pair, 1)] = Value(Messages(pair, 2).Single());
        }

        return all;
    }

    private static object Value(byte[] any)
    {
        var (field, number, bytes) = Fields(any).First();
        return field switch
        {
            1 => Encoding.UTF8.GetString(bytes),
            2 => number != 0,
            3 => number,
            4 => BitConverter.Int64BitsToDouble(number),
            5 => Messages(bytes, 1).Select(Value).ToArray(),
            _ => bytes,
        };
    }

    private static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Messages(message, field).First());

    private static IEnumerable<byte[]> Messages(byte[] message, int field) => Fields(message).Where(f => f.Field == field).Select(f => f.Bytes);

    // Protocol buffers: a key (field number, wire type), then a varint, eight bytes, a length and so many bytes, or four bytes.
    private static IEnumerable<(int Field, long Number, byte[] Bytes)> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var field = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    yield return (field, Varint(message, ref at), []);
                    break;
                case 1:
                    at += 8;
                    yield return (field, BitConverter.ToInt64(message, at - 8), []);
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    at += length;
                    yield return (field, 0, message[(at - length)..at]);
                    break;
                default:
                    at += 4;
                    break;
            }
        }
    }

    private static long Varint(byte[] message, ref int at)
    {
        long value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            value |= (long)(next & 127) << shift;
            if (next < 128)
            {
                return value;
            }
        }
    }
}
