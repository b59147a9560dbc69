using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lodestone.Core;

/// <summary>
/// Metrics at <c>/metrics</c>; metrics and traces also by OTLP when <c>Telemetry:OtlpEndpoint</c> or <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is
/// set. Nothing leaves the machine by default.
/// </summary>
public static class Telemetry
{
    /// <summary>Every module's sources begin with this.</summary>
    private const string Prefix = "Lodestone.";

    /// <summary>Combinations of tags that an instrument keeps apart. Room for all is made at start, so the usual 2000 cost megabytes; only those by route need them.</summary>
    private const int MostCombinations = 100;

    private const string ByRoute = "http.server.request.duration";

    // It has settings of its own for the rest, and comes first.
    private static bool IsNamedByEnvironment => Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 };

    public static ActivitySource Source(string module) => new(Prefix + module);

    public static Meter Meter(string module) => new(Prefix + module);

    /// <summary>Sends metrics and traces to a collector, by OTLP over HTTP.</summary>
    /// <param name="collector">The address to which <c>/v1/traces</c> and <c>/v1/metrics</c> are added.</param>
    public static IServiceCollection AddTelemetryExport(this IServiceCollection services, Uri collector)
    {
        if (!IsNamedByEnvironment)
        {
            services.AddOpenTelemetry().WithTracedCalls().UseOtlpExporter(OtlpExportProtocol.HttpProtobuf, collector);
        }

        return services;
    }

    internal static void AddTelemetry(this IServiceCollection services)
    {
        var telemetry = services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(Prefix + "*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddView(instrument => instrument.Name == ByRoute ? null : new MetricStreamConfiguration { CardinalityLimit = MostCombinations })
                .AddPrometheusExporter());
        if (IsNamedByEnvironment)
        {
            telemetry.WithTracedCalls().UseOtlpExporter();
        }
    }

    // Only where they are exported: spans that go nowhere cost each request too.
    private static OpenTelemetryBuilder WithTracedCalls(this OpenTelemetryBuilder telemetry) =>
        telemetry.WithTracing(traces => traces.AddSource(Prefix + "*").AddAspNetCoreInstrumentation());
}
