using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lodestone.Core;

/// <summary>Metrics at <c>/metrics</c>; metrics and traces also by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. Nothing leaves the machine by default.</summary>
public static class Telemetry
{
    /// <summary>Every module's sources begin with this.</summary>
    private const string Prefix = "Lodestone.";

    /// <summary>Combinations of tags that an instrument keeps apart. Room for all is made at start, so the usual 2000 cost megabytes; only those by route need them.</summary>
    private const int MostCombinations = 100;

    private const string ByRoute = "http.server.request.duration";

    public static ActivitySource Source(string module) => new(Prefix + module);

    public static Meter Meter(string module) => new(Prefix + module);

    internal static void AddTelemetry(this IServiceCollection services)
    {
        var telemetry = services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(Prefix + "*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddView(instrument => instrument.Name == ByRoute ? null : new MetricStreamConfiguration { CardinalityLimit = MostCombinations })
                .AddPrometheusExporter());
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
        {
            telemetry.WithTracing(traces => traces.AddSource(Prefix + "*").AddAspNetCoreInstrumentation()); // only here: spans that go nowhere cost each request too
            telemetry.UseOtlpExporter();
        }
    }
}
