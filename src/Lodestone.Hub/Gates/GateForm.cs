namespace Lodestone.Hub;

/// <summary>What the editor of a gate shows and where it saves: a repository's gate, or a collection's.</summary>
/// <param name="Here">The page's own path.</param>
/// <param name="What">As in: whoever sees it.</param>
/// <param name="HasCalls">There is a model behind it.</param>
/// <param name="Current">As it is now.</param>
internal sealed record GateForm(string Here, string OwnerName, string What, bool IsOne, bool HasCalls, NewGate Current, Func<NewGate, CancellationToken, Task> SaveAsync)
{
    public string It => IsOne ? "it" : "them";

    public string HeadingHint => IsOne
        ? "What is left empty here is taken from the card: extra_gated_heading, extra_gated_prompt, extra_gated_fields."
        : "Cards are not asked: what is said here is said before all of them.";

    public static GateForm Of(RepoView view, AccessBoard board, GateEditing editing)
    {
        var (gate, rules) = (board.Set, board.Gate.Rules!); // shown to who administers
        var current = new NewGate
        {
            Mode = RepoSummary.GateOnWire(view.Repo.Gate),
            Heading = gate?.Heading,
            Prompt = gate?.Prompt,
            Fields = gate?.ReadFields(),
            Licence = board.Gate.Licence is { } licence ? new NewLicence(gate?.LicenceName, licence.Text) : null,
            Reaccept = rules.Reaccept,
            ReacceptBy = board.Gate.ReacceptBy,
            Domains = rules.Domains,
            DomainRule = rules.DomainRule,
            GateMembers = rules.GateMembers,
            ApiUseGated = rules.ApiUseGated,
            BlockedCountries = rules.BlockedCountries,
            BlockedRegions = rules.BlockedRegions,
            EuDisallowed = rules.EuDisallowed,
        };
        var route = new RepoRoute(view.Repo.Type, view.Repo.OwnerName, view.Repo.Name, []);
        return new GateForm($"{view.Href}/settings/access", view.Repo.OwnerName, $"this {view.Words.Noun}", IsOne: true, view.Repo.Type is RepoType.Model, current, (wanted, cancel) => editing.SaveAsync(route, wanted, cancel));
    }
}
