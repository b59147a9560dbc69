using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Lodestone.Tests.Gateway.Tracing;

/// <summary>What a collector is sent, in the words of the GenAI conventions.</summary>
public sealed class TelemetryTests
{
    private const string Secret = "the-heron-flies-at-dawn";

    [Fact]
    public async Task A_collector_gets_spans_and_histograms_of_calls_and_nothing_of_what_was_said()
    {
        await using var collector = await Collector.StartAsync();
        await using var world = await GatewayWorld.StartAsync(adjust: services => services.AddTelemetryExport(collector.Url));
        var body = GatewayWorld.Body(new JsonObject
        {
            ["stream"] = true, ["max_tokens"] = 5, ["temperature"] = 0.5, ["seed"] = 7,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Secret }),
        });

        using (var answer = await world.CallAsync(body))
        {
            await answer.Content.ReadAsStringAsync();
        }

        body["model"] = "acme/nothing";
        using var missing = await world.CallAsync(body);
        var settled = Assert.Single(await world.SettledAsync());
        world.World.Server.Services.GetRequiredService<TracerProvider>().ForceFlush();
        world.World.Server.Services.GetRequiredService<MeterProvider>().ForceFlush();

        var (name, span) = Assert.Single(collector.Spans(), s => s.Attributes.GetValueOrDefault("gen_ai.response.id") is string id && id == settled.Id.ToString("N")); // sources are the process's: other tests' calls are among them
        Assert.Equal($"chat {GatewayWorld.Model}", name);
        Assert.Equal(
            ("chat", "lodestone", GatewayWorld.Model, GatewayWorld.Model, 5L, true, 0.5, 7L),
            (span["gen_ai.operation.name"], span["gen_ai.provider.name"], span["gen_ai.request.model"], span["gen_ai.response.model"], span["gen_ai.request.max_tokens"], span["gen_ai.request.stream"], span["gen_ai.request.temperature"], span["gen_ai.request.seed"]));
        Assert.Equal((settled.InputTokens, settled.OutputTokens, settled.Id.ToString("N")), (span["gen_ai.usage.input_tokens"], span["gen_ai.usage.output_tokens"], span["gen_ai.response.id"]));
        Assert.Single((object[])span["gen_ai.response.finish_reasons"]);
        Assert.IsType<double>(span["gen_ai.response.time_to_first_chunk"]);
        Assert.False(span.ContainsKey("error.type"));
        foreach (var metric in new[] { "gen_ai.server.request.duration", "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token", "gen_ai.client.token.usage" })
        {
            var point = collector.Histograms().First(h => h.Name == metric && h.Attributes["gen_ai.request.model"] is GatewayWorld.Model && !h.Attributes.ContainsKey("error.type")).Attributes;
            Assert.Equal(("chat", "lodestone", GatewayWorld.Model), (point["gen_ai.operation.name"], point["gen_ai.provider.name"], point["gen_ai.request.model"]));
        }

        Assert.DoesNotContain(collector.Received, r => Encoding.UTF8.GetString(r.Body).Contains(Secret, StringComparison.Ordinal));
        Assert.DoesNotContain(collector.Histograms(), h => h.Attributes.Keys.Any(k => k.Contains("user", StringComparison.Ordinal) || k.Contains("session", StringComparison.Ordinal)));
    }
}
