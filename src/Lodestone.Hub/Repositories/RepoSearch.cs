using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>What somebody looks for.</summary>
internal sealed record RepoSearch(RepoType Type, IReadOnlyList<string> Terms, string? Author, IReadOnlyList<string> Tags, RepoOrder Order, string? After = null)
{
    private static readonly string[] TagFilters = ["filter", "pipeline_tag", "library", "other"];

    // Programs that load GGUF files; the others load weights that transformers wrote.
    private static readonly string[] GgufApps = ["llama.cpp", "ollama", "lmstudio", "jan", "koboldcpp", "localai", "node-llama-cpp", "llama-cpp-python"];

    /// <summary>Only models that the inference API answers for.</summary>
    public bool IsServable { get; init; }

    /// <summary>Only what one must ask for, or only what one need not; null: both.</summary>
    public bool? IsGated { get; init; }

    /// <summary>Only what a provider serves that is not this server. There is nothing of the kind.</summary>
    public bool IsElsewhere { get; init; }

    /// <summary>Only spaces that use some model or data set.</summary>
    public bool IsLinked { get; init; }

    public long? LeastParameters { get; init; }

    public long? MostParameters { get; init; }

    /// <summary>Terms are words of the files, not parts of the name.</summary>
    public bool IsFullText { get; init; }

    public static RepoSearch Read(RepoType type, IQueryCollection query)
    {
        var author = CardValues.Clean(query["author"].ToString());
        var terms = query["search"].OfType<string>().Select(CardValues.Clean).Where(s => s.Length > 0);
        var (least, most) = Parameters(string.Join(',', query.All("num_parameters")));
        var providers = query.All("inference_provider");
        return new RepoSearch(type, [.. terms], author.Length > 0 ? author : null, [.. TagsOf(type, query)], OrderOf(query["sort"].ToString()), Cursor.Decode(query["cursor"]))
        {
            IsServable = query["inference"] == "warm" || providers.Contains("all", StringComparer.Ordinal),
            IsGated = query.ContainsKey("gated") ? query.IsTrue("gated") : null,
            IsElsewhere = providers.Count > 0 && !providers.Contains("all", StringComparer.Ordinal),
            IsLinked = query.ContainsKey("linked") && query.IsTrue("linked"),
            LeastParameters = least,
            MostParameters = most,
            IsFullText = query.IsTrue("full_text"),
        };
    }

    /// <summary>Where the next page goes on: the last row's sort keys and its name, which settles ties.</summary>
    public string CursorAfter(Repo last) => string.Create(CultureInfo.InvariantCulture, $"{KeyOf(last)} {(Order is RepoOrder.Trending ? last.Downloads : 0)} {last.PathLower}");

    public (long Key, long Second, string Path)? Start()
    {
        if (After is null)
        {
            return null;
        }

        return CardValues.Clean(After).Split(' ') is [var key, var second, var path]
            && long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && long.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var tie)
            && (Order is not (RepoOrder.Created or RepoOrder.Updated) || Instants.TryParseMicroseconds(key, out _))
            ? (number, tie, path)
            : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" };
    }

    private static IEnumerable<string> TagsOf(RepoType type, IQueryCollection query)
    {
        var tags = TagFilters.SelectMany(query.All)
            .Concat(query.All("license").Select(l => $"license:{l}"))
            .Concat(query.All("trained_dataset").Select(d => $"dataset:{d}"))
            .Concat(query.All("language").Select(l => type is RepoType.Dataset ? $"language:{l}" : l));
        return type switch
        {
            RepoType.Model => tags.Concat(query.All("apps").Select(a => GgufApps.Contains(a, StringComparer.OrdinalIgnoreCase) ? "gguf" : "transformers")),
            RepoType.Dataset => tags.Concat(query.All("benchmark").Select(b => b is "true" or "True" or "1" ? "benchmark:official" : b.Contains(':') ? b : $"benchmark:{b}")),
            _ => tags.Concat(query.All("models").Select(CardNames.Model)).Concat(query.All("datasets").Select(CardNames.Dataset)),
        };
    }

    private static RepoOrder OrderOf(string sort) => sort switch
    {
        "" or "trendingScore" or "trending_score" => RepoOrder.Trending,
        "downloads" => RepoOrder.Downloads,
        "likes" or "likes30d" => RepoOrder.Likes,
        "createdAt" or "created_at" => RepoOrder.Created,
        "lastModified" or "last_modified" => RepoOrder.Updated,
        "num_parameters" => RepoOrder.Parameters,
        "id" => RepoOrder.Name,
        _ => throw new Refusal(
            RefusalCode.Invalid, $"\"sort\" cannot be {sort}. It must be one of [createdAt, downloads, likes, lastModified, trendingScore, num_parameters, id].") { Param = "sort" },
    };

    /// <summary><c>min:6B,max:128B</c>, either part alone, or nothing.</summary>
    private static (long? Least, long? Most) Parameters(string asked)
    {
        long? least = null, most = null;
        foreach (var part in asked.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            switch (part.Split(':'))
            {
                case ["min", var number]:
                    least = Count(number);
                    break;
                case ["max", var number]:
                    most = Count(number);
                    break;
                default:
                    throw NotANumber();
            }
        }

        return (least, most);
    }

    private static long Count(string text) => TryCount(text, out var count) ? count : throw NotANumber();

    /// <summary>Reads <c>6B</c>, <c>500M</c> or digits alone.</summary>
    public static bool TryCount(string text, out long count)
    {
        var unit = text.Length == 0 ? 1 : char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 1e3,
            'M' => 1e6,
            'B' => 1e9,
            'T' => 1e12,
            _ => 1,
        };
        var digits = unit > 1 ? text[..^1] : text;
        var isNumber = double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit < 1e18;
        count = isNumber ? (long)(number * unit) : 0;
        return isNumber;
    }

    private static Refusal NotANumber() =>
        new(RefusalCode.Invalid, "\"num_parameters\" must be of the form min:6B,max:128B, with K, M, B or T as units.") { Param = "num_parameters" };

    /// <summary>What the list is sorted by, descending; names settle ties.</summary>
    public long KeyOf(Repo repo) => Order switch
    {
        RepoOrder.Downloads => repo.Downloads,
        RepoOrder.Likes => repo.Likes,
        RepoOrder.Created => Instants.ToMicroseconds(repo.CreatedAt),
        RepoOrder.Updated => Instants.ToMicroseconds(repo.UpdatedAt),
        RepoOrder.Trending => repo.Trend,
        RepoOrder.Parameters => repo.Parameters ?? 0,
        _ => 0,
    };
}

/// <summary>Everything but names is descending.</summary>
internal enum RepoOrder
{
    Downloads,
    Likes,
    Created,
    Updated,
    Name,

    /// <summary>Those of one score by downloads.</summary>
    Trending,

    /// <summary>Those that do not say come last.</summary>
    Parameters,
}
