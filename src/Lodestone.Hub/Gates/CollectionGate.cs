using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>A gate before all repositories of a collection's owner that are in it.</summary>
internal sealed class CollectionGate
{
    public required Guid CollectionId { get; init; }

    /// <summary>Null: it is taken off. What it says stays, so that putting it on again is one act.</summary>
    public GateMode? Mode { get; set; }

    /// <summary>A <see cref="NewGate"/>, for what comes into the collection later.</summary>
    public string Content { get; set; } = "{}";

    /// <summary>As its owner wanted it, with the mode that it has now.</summary>
    public NewGate Read() => (JsonSerializer.Deserialize(Content, HubJson.Default.NewGate) ?? new NewGate()) with { Mode = Mode is { } mode ? JsonValue.Create(mode.ToWire()) : JsonValue.Create(false) };
}
