using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A version of a book: what was published together, by whom and why. Never changed.</summary>
internal sealed class Publication
{
    public required Guid Id { get; init; }

    public required string Book { get; init; }

    /// <summary>1, 2, 3 … within the book.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset EffectiveFrom { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public required Guid PublishedBy { get; init; }

    public required string PublisherName { get; init; }

    /// <summary>The other administrator who confirmed it, where one had to.</summary>
    public Guid? ConfirmedBy { get; init; }

    public string? ConfirmerName { get; init; }

    public required string Reason { get; init; }

    /// <summary>It takes effect in the past, in favour of those who pay.</summary>
    public required bool IsCreditOnly { get; init; }
}

/// <summary>A publication that another administrator has to confirm, because something about it looks like a mistake.</summary>
internal sealed class Proposal
{
    public required Guid Id { get; init; }

    public required string Book { get; init; }

    /// <summary>The <see cref="NewPublication"/> as it was sent.</summary>
    public required string Content { get; init; }

    public required DateTimeOffset ProposedAt { get; init; }

    public required Guid ProposedBy { get; init; }

    public required string ProposerName { get; init; }

    /// <summary>What looks like a mistake.</summary>
    public required string Doubt { get; init; }

    public required ProposalState State { get; set; }
}

/// <summary>A proposal on a page.</summary>
/// <param name="IsOwn">The one who looks proposed it, and so cannot confirm it.</param>
public sealed record ProposalLine(string Id, string Book, DateTimeOffset ProposedAt, string ProposerName, string Doubt, bool IsOwn)
{
    internal static ProposalLine Of(Proposal proposal, Caller viewer) =>
        new(PublicId.Format("prp", proposal.Id), proposal.Book, proposal.ProposedAt, proposal.ProposerName, proposal.Doubt, proposal.ProposedBy == viewer.Id);
}

internal enum ProposalState
{
    Open,
    Published,
    Withdrawn,
}

/// <summary>What somebody wants published in a book: keys to set and keys to take away. Other keys stay as they are.</summary>
/// <param name="Keys">Prices to set.</param>
/// <param name="Retire">Keys that end. What was used before is rated with them also later.</param>
/// <param name="EffectiveFrom">Now unless given.</param>
/// <param name="Reason">For those who read the history.</param>
/// <param name="Confirm">What looks like a mistake is meant.</param>
/// <param name="CreditOnly">It may take effect in the past, because nothing becomes dearer.</param>
internal sealed record NewPublication(
    IReadOnlyList<ProductKey>? Keys,
    string? Reason,
    IReadOnlyList<RetiredKey>? Retire = null,
    DateTimeOffset? EffectiveFrom = null,
    string? Currency = null,
    bool Confirm = false,
    bool CreditOnly = false);

/// <param name="Product">A model, <c>owner/name</c>, or something else that is sold, such as <c>storage:private</c>.</param>
internal sealed record ProductKey(string? Product, string? Class, ChargeWire? Charge, string? Region = null, string? Tier = null)
{
    public KeyWire Key => new(Class, Charge, Region, Tier);
}

internal sealed record RetiredKey(string? Product, string? Class, string? Region = null, string? Tier = null);
