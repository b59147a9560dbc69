using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Compute;

/// <summary>A worker that has loaded its model, and the adapters that it was told of.</summary>
/// <param name="process">Serves the model.</param>
/// <param name="contextLength">Tokens that prompt and answer may have together.</param>
internal sealed class LoadedEngine(EngineProcess process, int contextLength)
{
    private static readonly Uri Adapters = new("adapters", UriKind.Relative);

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal); // files by adapters' ids

    public EngineProcess Process { get; } = process;

    public int ContextLength { get; } = contextLength;

    /// <summary>Tells the worker of an adapter, unless it knows it.</summary>
    /// <param name="adapter">Null: there is nothing to tell.</param>
    /// <exception cref="Refusal"><c>model_unloadable</c>: the adapter does not fit; <c>unavailable</c>: the worker died.</exception>
    public async Task LearnAsync(WorkerAdapter? adapter, CancellationToken cancel)
    {
        if (adapter is null || _known.GetValueOrDefault(adapter.Id) == adapter.Weights)
        {
            return;
        }

        var body = new JsonObject { ["id"] = adapter.Id, ["weights"] = adapter.Weights, ["config"] = adapter.Config is { } config ? JsonNode.Parse(config) : null };
        try
        {
            using var answer = await Process.Http.PostAsJsonAsync(Adapters, body, cancel);
            if (!answer.IsSuccessStatusCode)
            {
                throw new Refusal(EngineProcess.ModelUnloadable, $"The adapter cannot be served. {await ReasonAsync(answer, cancel)}");
            }
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or ObjectDisposedException or JsonException)
        {
            throw new Refusal(RefusalCode.Unavailable, "The model's engine stopped while it read the adapter. Call again.");
        }

        _known[adapter.Id] = adapter.Weights;
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var said = await answer.Content.ReadFromJsonAsync<JsonElement>(cancel);
        return said.TryGetProperty("error", out var error) && error.TryGetProperty("message", out var message) ? message.GetString() ?? "" : "";
    }
}

/// <summary>An adapter as a worker is told of it.</summary>
/// <param name="Id">Of its content: letters and digits.</param>
/// <param name="Weights">A file on this machine.</param>
/// <param name="Config">PEFT's settings; null for a GGUF file.</param>
internal sealed record WorkerAdapter(string Id, string Weights, string? Config)
{
    public static WorkerAdapter Of(ServableAdapter adapter, string weights)
    {
        // Equal weights with other settings are another adapter.
        var content = System.Text.Encoding.UTF8.GetBytes($"{adapter.Digest.Hex} {adapter.Config}");
        return new WorkerAdapter(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)), weights, adapter.Config);
    }
}
