using System.Text.Json;

namespace Lodestone.Hub;

/// <summary>A user's or an organization's place at a gate: what was asked, what was accepted, who decided.</summary>
internal sealed class AccessRequest
{
    public required Guid Id { get; init; }

    public required Guid RepoId { get; init; }

    public required Guid SubjectId { get; init; }

    public required bool IsOrganization { get; init; }

    public AccessState State { get; private set; }

    /// <summary>A JSON list of <see cref="GateAnswer"/>: the members of an object would not keep their order.</summary>
    public string Answers { get; private set; } = "[]";

    /// <summary>Of the licence that was accepted.</summary>
    public string? LicenceSha256 { get; private set; }

    /// <summary>Of the prompt that was shown.</summary>
    public string? PromptSha256 { get; private set; }

    /// <summary>The owner let them in unasked.</summary>
    public bool IsGranted { get; private set; }

    /// <summary>For an organization, the administrator who acted for it.</summary>
    public Guid AskedBy { get; private set; }

    public DateTimeOffset AskedAt { get; private set; }

    public string? Address { get; private set; }

    /// <summary>Where they were, as in <c>DE</c> or <c>US-CA</c>; null where the gate was open to all places.</summary>
    public string? Origin { get; private set; }

    /// <summary>Null where the gate's rule decided.</summary>
    public Guid? DecidedBy { get; private set; }

    public DateTimeOffset? DecidedAt { get; private set; }

    /// <summary>What the owner tells with a refusal.</summary>
    public string? Reason { get; private set; }

    public DateTimeOffset ChangedAt { get; private set; }

    /// <summary>By field, in the order in which they were asked.</summary>
    public IReadOnlyDictionary<string, string> ReadAnswers() =>
        (JsonSerializer.Deserialize(Answers, HubJson.Default.IReadOnlyListGateAnswer) ?? []).ToDictionary(a => a.Name, a => a.Answer, StringComparer.Ordinal);

    public void Ask(Asked asked, Guid askedBy, AccessState answer, DateTimeOffset now)
    {
        Answers = JsonSerializer.Serialize([.. asked.Answers.Select(a => new GateAnswer(a.Key, a.Value))], HubJson.Default.IReadOnlyListGateAnswer);
        (LicenceSha256, PromptSha256, Address, Origin) = (asked.LicenceSha256, asked.PromptSha256, asked.Address, asked.Origin);
        (AskedBy, AskedAt, IsGranted) = (askedBy, now, false);
        (State, DecidedBy, DecidedAt, Reason, ChangedAt) = (answer, null, answer is AccessState.Accepted ? now : null, null, now);
    }

    /// <summary>Lets somebody in who has not asked.</summary>
    public void Grant(Guid ownerId, DateTimeOffset now)
    {
        if (AskedBy == Guid.Empty)
        {
            (AskedBy, AskedAt, IsGranted) = (ownerId, now, true);
        }

        Decide(AccessState.Accepted, ownerId, null, now);
    }

    /// <summary>They must accept a new licence first.</summary>
    public void Suspend(Guid? actorId, DateTimeOffset now) => Decide(AccessState.Suspended, actorId, "The licence has changed.", now);

    /// <summary>The same place as at another repository behind the same gate.</summary>
    public void Take(AccessRequest other)
    {
        (State, Answers, LicenceSha256, PromptSha256, IsGranted) = (other.State, other.Answers, other.LicenceSha256, other.PromptSha256, other.IsGranted);
        (AskedBy, AskedAt, Address, Origin) = (other.AskedBy, other.AskedAt, other.Address, other.Origin);
        (DecidedBy, DecidedAt, Reason, ChangedAt) = (other.DecidedBy, other.DecidedAt, other.Reason, other.ChangedAt);
    }

    /// <summary>Who may move it where is for <see cref="AccessStates"/>.</summary>
    public void Decide(AccessState to, Guid? actorId, string? reason, DateTimeOffset now) =>
        (State, DecidedBy, DecidedAt, Reason, ChangedAt) = (to, actorId, now, reason, now);
}

/// <param name="Name">Of the field.</param>
internal sealed record GateAnswer(string Name, string Answer);

/// <summary>What somebody brings to a gate, checked.</summary>
/// <param name="LicenceSha256">Of the licence accepted; null where there is none.</param>
/// <param name="Address">Network address; null where unknown.</param>
/// <param name="Origin">The place that it is in, where the gate asks for that.</param>
internal sealed record Asked(IReadOnlyDictionary<string, string> Answers, string? LicenceSha256, string? PromptSha256, string? Address, string? Origin);
