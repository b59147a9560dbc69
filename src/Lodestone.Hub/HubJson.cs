using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Lodestone.Hub;

/// <summary>The hub's wire records. Absent members are left out, never <c>null</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NewRepo))]
[JsonSerializable(typeof(CreatedRepo))]
[JsonSerializable(typeof(CommitAnswer))]
[JsonSerializable(typeof(RepoFacts))]
[JsonSerializable(typeof(RepoSummary))]
[JsonSerializable(typeof(IReadOnlyList<TreeItem>))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class HubJson : JsonSerializerContext;
