using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <summary>
/// What kind of client asks, by its <c>User-Agent</c> alone; rule 1 of <c>docs/api/metrics.md</c>. Programs that people run
/// (hub clients, git, curl, browsers) are people.
/// </summary>
internal static partial class ClientKind
{
    public const string Person = "person";
    public const string Ci = "ci";
    public const string Mirror = "mirror";
    public const string Bot = "bot";

    public static IReadOnlyList<string> All { get; } = [Person, Ci, Mirror, Bot];

    public static string Of(string userAgent) => userAgent switch
    {
        "" => Bot,
        _ when CiNames().IsMatch(userAgent) => Ci,
        _ when MirrorNames().IsMatch(userAgent) => Mirror,
        _ when BotNames().IsMatch(userAgent) => Bot,
        _ => Person,
    };

    /// <summary>The program without its version: what tells two clients at one address apart.</summary>
    public static string Family(string userAgent) => userAgent.Split('/', ' ')[0].ToLowerInvariant();

    [GeneratedRegex(@"is_ci/true|github-?actions|gitlab-runner|jenkins|circleci|buildkite|travis|teamcity|drone-ci|azure-?pipelines", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 100)]
    private static partial Regex CiNames();

    [GeneratedRegex(@"^lodestone/|mirror|artifactory|nexus|\bolah\b", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 100)]
    private static partial Regex MirrorNames();

    [GeneratedRegex(@"bot\b|bot/|crawl|spider|slurp|scanner|headless|monitor|uptime|preview|facebookexternalhit", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 100)]
    private static partial Regex BotNames();
}
