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

    public static ActivitySource Source(string module) => new(Prefix + module);

    public static Meter Meter(string module) => new(Prefix + module);

    internal static void AddTelemetry(this IServiceCollection services)
    {
        var telemetry = services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(Prefix + "*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddPrometheusExporter());
        if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
        {
            // Only here: spans that nobody reads would be made for every request.
            telemetry.WithTracing(traces => traces.AddSource(Prefix + "*").AddAspNetCoreInstrumentation()).UseOtlpExporter();
        }
    }
}
