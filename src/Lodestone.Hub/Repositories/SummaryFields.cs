using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>Which members of a repository a call asks for.</summary>
internal sealed class SummaryFields
{
    /// <summary>Not a name that can be asked for by <c>expand</c>; <c>securityStatus=true</c> asks for it.</summary>
    public const string Security = "securityRepoStatus";

    private static readonly string[] ModelNames =
    [
        "author", "baseModels", "cardData", "childrenModelCount", "config", "createdAt", "disabled", "downloads", "downloadsAllTime", "evalResults", "gated", "gguf",
        "inference", "inferenceProviderMapping", "lastModified", "library_name", "likes", "mask_token", "model-index", "pipeline_tag", "private", "resourceGroup",
        "safetensors", "sha", "siblings", "spaces", "tags", "transformersInfo", "trendingScore", "usedStorage", "widgetData", "gitalyUid", "xetEnabled",
    ];

    private static readonly string[] DatasetNames =
    [
        "author", "cardData", "citation", "createdAt", "description", "disabled", "downloads", "downloadsAllTime", "gated", "lastModified", "likes", "mainSize",
        "paperswithcode_id", "private", "resourceGroup", "sha", "siblings", "tags", "trendingScore", "usedStorage", "xetEnabled",
    ];

    private static readonly string[] SpaceNames =
    [
        "author", "cardData", "createdAt", "datasets", "disabled", "lastModified", "likes", "models", "private", "region", "resourceGroup", "runtime", "sdk", "sha",
        "siblings", "subdomain", "tags", "trendingScore", "usedStorage", "xetEnabled",
    ];

    private static readonly string[] InModelList =
        ["modelId", "likes", "downloads", "trendingScore", "private", "tags", "pipeline_tag", "library_name", "createdAt"];

    private static readonly string[] InDatasetList =
        ["author", "disabled", "gated", "lastModified", "likes", "trendingScore", "private", "sha", "description", "downloads", "tags", "createdAt"];

    private static readonly string[] InSpaceList = ["likes", "trendingScore", "private", "sdk", "tags", "createdAt"];
    private static readonly string[] InFullList = ["author", "sha", "lastModified", "gated", "disabled", "siblings"];

    private static readonly string[] OnlyWhenAsked =
    [
        "baseModels", "childrenModelCount", "downloadsAllTime", "evalResults", "inference", "inferenceProviderMapping", "resourceGroup", "trendingScore", "gitalyUid", "xetEnabled",
    ];

    private readonly HashSet<string> _names;

    private SummaryFields(IEnumerable<string> names) => _names = new HashSet<string>(names, StringComparer.Ordinal);

    public bool Has(string name) => _names.Contains(name);

    /// <summary>For the info call: everything, or what <c>expand</c> names.</summary>
    public static SummaryFields OfInfo(RepoType type, IQueryCollection query)
    {
        if (Expanded(type, query) is { } asked)
        {
            return query.ContainsKey("blobs") || query.ContainsKey("securityStatus") || query.ContainsKey("full") ? throw NotBoth() : asked;
        }

        var names = Names(type).Except(OnlyWhenAsked, StringComparer.Ordinal).Concat(type is RepoType.Model ? ["modelId"] : []);
        return new SummaryFields(query.IsTrue("securityStatus") ? names.Append(Security) : names);
    }

    /// <summary>For lists: little, unless more is asked for.</summary>
    public static SummaryFields OfList(RepoType type, IQueryCollection query)
    {
        var isFull = query.IsTrue("full");
        if (Expanded(type, query) is { } asked)
        {
            return isFull ? throw NotBoth() : asked;
        }

        var names = InList(type).AsEnumerable();
        names = isFull ? names.Concat(InFullList).Concat(type is RepoType.Model ? [] : ["cardData"]) : names;
        names = query.IsTrue("cardData") ? names.Append("cardData") : names;
        return new SummaryFields(query.IsTrue("config") ? names.Append("config") : names);
    }

    private static SummaryFields? Expanded(RepoType type, IQueryCollection query)
    {
        var asked = query.All("expand");
        if (asked.Count == 0)
        {
            return null;
        }

        var names = Names(type);
        return asked.All(a => names.Contains(a, StringComparer.Ordinal))
            ? new SummaryFields(asked)
            : throw new Refusal(RefusalCode.Invalid, $"\"expand\" must be one of [{string.Join(", ", names)}]") { Param = "expand" };
    }

    private static string[] Names(RepoType type) => type switch
    {
        RepoType.Model => ModelNames,
        RepoType.Dataset => DatasetNames,
        _ => SpaceNames,
    };

    private static string[] InList(RepoType type) => type switch
    {
        RepoType.Model => InModelList,
        RepoType.Dataset => InDatasetList,
        _ => InSpaceList,
    };

    private static Refusal NotBoth() => new(RefusalCode.Invalid, "\"expand\" cannot be combined with \"full\", \"blobs\" or \"securityStatus\".") { Param = "expand" };
}
