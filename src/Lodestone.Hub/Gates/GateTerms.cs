using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What a gate tells and asks whoever comes to it: what the owner set, and for the rest what the card says.</summary>
/// <param name="Description">A sentence of the card under the heading.</param>
/// <param name="Button">What the button says.</param>
/// <param name="RenewBy">Until when an acceptance of a licence before this one counts; null: it is not asked again, or was at once.</param>
internal sealed record GateTerms(string Heading, string? Description, string? Prompt, string Button, IReadOnlyList<GateField> Fields, GateLicence? Licence, DateTimeOffset? RenewBy)
{
    private const int LongestLine = 200;

    public string? PromptSha256 => Prompt is null ? null : Hash(Prompt);

    public static GateTerms Of(Repo repo, RepoFacts facts, Gate? gate, GateLicence? licence)
    {
        var card = repo.GateCollectionId is null ? facts.CardData : null; // one card does not speak for a collection
        var fields = gate?.ReadFields() is { Count: > 0 } own ? own : card is null ? [] : facts.GateFields ?? GateField.OfCard(card);
        return new GateTerms(
            gate?.Heading ?? Line(card, "extra_gated_heading") ?? $"You need to agree to share your contact information to access this {repo.Type.Words().Noun}",
            Line(card, "extra_gated_description"),
            gate?.Prompt ?? card.Text("extra_gated_prompt"),
            Line(card, "extra_gated_button_content") ?? (repo.Gate is GateMode.Manual ? "Ask for access" : "Agree and get access"),
            fields,
            licence,
            gate?.ReacceptBy);
    }

    /// <summary>64 hex digits.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string? Line(JsonObject? card, string key) => card.Text(key) is { } text ? text.Length <= LongestLine ? text : text[..LongestLine] : null;
}

/// <summary>A licence that must be accepted.</summary>
internal sealed record GateLicence(string Name, string Sha256, string Text);

internal static class GateTermsReading
{
    public static async Task<GateTerms> TermsAsync(this HubDb db, Repo repo, RepoFacts facts, CancellationToken cancel)
    {
        var gate = await db.Gates.AsNoTracking().SingleOrDefaultAsync(g => g.RepoId == repo.Id, cancel);
        return GateTerms.Of(repo, facts, gate, await db.LicenceAsync(gate, cancel));
    }

    public static async Task<GateLicence?> LicenceAsync(this HubDb db, Gate? gate, CancellationToken cancel) => gate?.LicenceSha256 is { } sha256
        ? new GateLicence(gate.LicenceName ?? "Licence", sha256, await db.GateTexts.Where(t => t.Sha256 == sha256).Select(t => t.Text).SingleAsync(cancel))
        : null;
}
