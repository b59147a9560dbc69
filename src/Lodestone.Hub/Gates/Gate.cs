using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>What the owner has set at a repository's gate. Whether there is one says the repository.</summary>
internal sealed class Gate
{
    public required Guid RepoId { get; init; }

    /// <summary>This and what follows to the fields: null or empty where the card speaks.</summary>
    public string? Heading { get; set; }

    public string? Prompt { get; set; }

    /// <summary>A JSON list of <see cref="GateField"/>.</summary>
    public string Fields { get; set; } = "[]";

    public string? LicenceName { get; set; }

    public string? LicenceSha256 { get; set; }

    /// <summary>With <see cref="ReacceptBy"/> at the next download after that.</summary>
    public Reaccept Reaccept { get; set; }

    /// <summary>Until when an acceptance of the licence before still counts.</summary>
    public DateTimeOffset? ReacceptBy { get; set; }

    /// <summary>Since when this licence is asked.</summary>
    public DateTimeOffset? LicenceAt { get; set; }

    /// <summary>A JSON list of e-mail domains in lower case.</summary>
    public string Domains { get; set; } = "[]";

    public DomainRule DomainRule { get; set; }

    public Guid ChangedBy { get; set; }

    public DateTimeOffset ChangedAt { get; set; }

    public string ReacceptOnWire => ReacceptBy is null ? Reaccept.ToWire() : NewGate.ByDate;

    public IReadOnlyList<GateField> ReadFields() => JsonSerializer.Deserialize(Fields, HubJson.Default.IReadOnlyListGateField) ?? [];

    public IReadOnlyList<string> ReadDomains() => JsonSerializer.Deserialize(Domains, HubJson.Default.IReadOnlyListString) ?? [];
}

/// <summary>A text by its SHA-256, in hex.</summary>
internal sealed record GateText(string Sha256, string Text, DateTimeOffset CreatedAt);

/// <summary>What a changed licence means for those who accepted the one before.</summary>
internal enum Reaccept
{
    No,

    /// <summary>They may read again once they accepted the new one.</summary>
    AtNextDownload,
}

/// <summary>What a verified e-mail address in one of the gate's domains does.</summary>
internal enum DomainRule
{
    /// <summary>Lets its owner in at once.</summary>
    Accept,

    /// <summary>Is needed to ask at all.</summary>
    Require,
}

internal static class GateWords
{
    public static string ToWire(this Reaccept reaccept) => reaccept is Reaccept.No ? "no" : "at_next_download";

    public static string ToWire(this DomainRule rule) => rule is DomainRule.Accept ? "accept" : "require";

    public static Reaccept ReadReaccept(string text) => text is "no" ? Reaccept.No : Reaccept.AtNextDownload;

    public static DomainRule ReadDomainRule(string text) => text is "accept" ? DomainRule.Accept : DomainRule.Require;
}
