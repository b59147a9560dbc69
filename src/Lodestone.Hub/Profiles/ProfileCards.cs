using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Ui;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What users and organizations say of themselves: the card of their space called README, as hub clients have it.</summary>
internal sealed class ProfileCards(HubDb db, RepoStore store, RepoContent content, CardMarkdown cards, Caller caller)
{
    private const string SpaceName = "README";
    private const long MaxCard = 256 * 1024;

    /// <summary>Null when there is none that the caller may see.</summary>
    public async Task<RenderedCard?> FindAsync(Namespace who, CancellationToken cancel)
    {
        var path = Repo.LowerPath(who.Name, SpaceName);
        if (await db.Repos.AsNoTracking().VisibleTo(caller).At(RepoType.Space, path).SingleOrDefaultAsync(cancel) is not { } repo)
        {
            return null;
        }

        var git = store.Open(repo.Id);
        var main = RevisionPath.OfRevision(git, RepoView.MainBranch);
        var text = await content.ReadTextAsync(new RepoTree(git, main.Commit), "README.md", MaxCard, cancel);
        return text is null || string.IsNullOrWhiteSpace(FrontMatter.Read(text).Body) ? null : cards.Render(text, new CardAddresses(p => Place("blob", p), p => Place("resolve", p)));

        string Place(string verb, string file) => $"/{repo.Type.Prefix()}{repo.FullName}/{verb}/{RepoView.MainBranch}/{RepoAddress.Escape(Uri.UnescapeDataString(file))}";
    }
}
