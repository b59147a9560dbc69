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
[JsonSerializable(typeof(RepoMove))]
[JsonSerializable(typeof(RepoSettings))]
[JsonSerializable(typeof(RepoRefs))]
[JsonSerializable(typeof(NewBranch))]
[JsonSerializable(typeof(NewTag))]
[JsonSerializable(typeof(NewSquash))]
[JsonSerializable(typeof(SquashedBranch))]
[JsonSerializable(typeof(LikeCount))]
[JsonSerializable(typeof(IReadOnlyList<Liker>))]
[JsonSerializable(typeof(IReadOnlyList<HistoryCommit>))]
[JsonSerializable(typeof(ComparedRevisions))]
[JsonSerializable(typeof(CardText))]
[JsonSerializable(typeof(CardVerdict))]
[JsonSerializable(typeof(PreuploadRequest))]
[JsonSerializable(typeof(PreuploadAnswer))]
[JsonSerializable(typeof(IReadOnlyList<RepoSummary>))]
[JsonSerializable(typeof(PathSize))]
[JsonSerializable(typeof(IReadOnlyList<LikedRepo>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<TagOfType>>))]
[JsonSerializable(typeof(IReadOnlyList<OwnedRepo>))]
[JsonSerializable(typeof(NewDuplicate))]
[JsonSerializable(typeof(DuplicatedRepo))]
[JsonSerializable(typeof(LfsRequest))]
[JsonSerializable(typeof(LfsRequestObject))]
[JsonSerializable(typeof(LfsAnswer))]
[JsonSerializable(typeof(LfsLocks))]
[JsonSerializable(typeof(LfsCompletion))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class HubJson : JsonSerializerContext;
