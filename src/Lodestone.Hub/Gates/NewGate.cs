using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A gate as its owner wants it. It takes the place of the one before as a whole.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record NewGate
{
    private const int LongestHeading = 200;
    private const int LongestPrompt = 20_000;
    private const int LongestLicence = 200_000;
    private const int MostFields = 30;
    private const int MostDomains = 100;

    /// <summary>What <see cref="Reaccept"/> is with a day.</summary>
    public const string ByDate = "by_date";

    /// <summary><c>auto</c>, <c>manual</c> or <c>false</c>.</summary>
    public JsonNode? Mode { get; init; }

    /// <summary>Absent, like prompt and fields: what the card says.</summary>
    public string? Heading { get; init; }

    public string? Prompt { get; init; }

    public IReadOnlyList<GateField>? Fields { get; init; }

    public NewLicence? Licence { get; init; }

    /// <summary><c>no</c>, also when absent, <c>at_next_download</c> or <c>by_date</c>.</summary>
    public string? Reaccept { get; init; }

    /// <summary>With <c>by_date</c>: a day, whose beginning in UTC is meant, or an instant.</summary>
    public string? ReacceptBy { get; init; }

    public IReadOnlyList<string>? Domains { get; init; }

    /// <summary><c>accept</c>, also when absent, or <c>require</c>.</summary>
    public string? DomainRule { get; init; }

    /// <summary>The gate is also for members who may only read.</summary>
    public bool GateMembers { get; init; }

    /// <summary>The gate is also for calls of the model.</summary>
    public bool ApiUseGated { get; init; }

    /// <summary>As in <c>FR</c>, in any case of letters.</summary>
    public IReadOnlyList<string>? BlockedCountries { get; init; }

    /// <summary>As in <c>US-CA</c>.</summary>
    public IReadOnlyList<string>? BlockedRegions { get; init; }

    public bool EuDisallowed { get; init; }

    public GateSetting ReadMode() => new RepoSettings(null, null, Mode).ReadGate();

    /// <returns>Null: none, or it cannot be read.</returns>
    public DateTimeOffset? ReadReacceptBy() =>
        Reaccept is ByDate && DateTimeOffset.TryParseExact(ReacceptBy, ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var by) ? by : null;

    public IReadOnlyList<string> ReadDomains() => [.. (Domains ?? []).Select(d => d.Trim().TrimStart('@').ToLowerInvariant()).Where(d => d.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <exception cref="Refusal"><c>invalid_request</c> with what is wrong.</exception>
    public void Check()
    {
        Require(ReadMode().IsGiven, "mode", "must be one of [auto, manual, false]");
        Require((Heading?.Length ?? 0) <= LongestHeading, "heading", $"must be at most {LongestHeading} characters");
        Require((Prompt?.Length ?? 0) <= LongestPrompt, "prompt", $"must be at most {LongestPrompt} characters");
        Require(Licence is null or { Text.Length: > 0 and <= LongestLicence, Name: null or { Length: <= LongestHeading } }, "licence", $"must have a text of at most {LongestLicence} characters, and a name of at most {LongestHeading}");
        Require((Fields?.Count ?? 0) <= MostFields && (Fields ?? []).All(f => f is { IsValid: true }), "fields", $"must be at most {MostFields}, each with a name and a type of text, checkbox, date_picker, country or select, a select with options");
        Require((Fields ?? []).DistinctBy(f => f.Name).Count() == (Fields?.Count ?? 0), "fields", "must have names of their own");
        Require(Reaccept is null or "no" or "at_next_download" or ByDate, "reaccept", $"must be one of [no, at_next_download, {ByDate}]");
        Require(Reaccept is ByDate ? ReadReacceptBy() is not null : string.IsNullOrEmpty(ReacceptBy), "reacceptBy", $"must be a day such as 2027-01-31, or an instant, with \"reaccept\" {ByDate} and only with that");
        Require(DomainRule is null or "accept" or "require", "domainRule", "must be one of [accept, require]");
        Require((Domains?.Count ?? 0) <= MostDomains && ReadDomains().All(d => Uri.CheckHostName(d) is UriHostNameType.Dns && d.Contains('.', StringComparison.Ordinal)), "domains", $"must be at most {MostDomains} domains of e-mail addresses, as in example.org");
    }

    private static void Require(bool isRight, string param, string rule)
    {
        if (!isRight)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"{param}\" {rule}.") { Param = param };
        }
    }
}

/// <param name="Name">As people call it.</param>
/// <param name="Text">Plain text; kept by its SHA-256.</param>
internal sealed record NewLicence(string? Name, string? Text);
