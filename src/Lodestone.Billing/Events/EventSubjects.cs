using System.Collections.Concurrent;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Billing;

/// <summary>
/// Which account a subject means: a name (<c>acme</c>), a public id of an account, a service account (<c>sa_…</c>) or an access
/// token (<c>tok_…</c>). What was found is remembered for a minute; what was not is asked again.
/// </summary>
internal sealed class EventSubjects(IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int MostKnown = 100_000;

    private static readonly TimeSpan Age = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (Guid AccountId, DateTimeOffset At)> _known = new(StringComparer.Ordinal);

    /// <returns>Those that mean an account of which the sender may speak.</returns>
    public async Task<IReadOnlyDictionary<string, Guid>> ResolveAsync(Sender sender, IEnumerable<string> subjects, CancellationToken cancel)
    {
        var (now, found, unknown) = (clock.GetUtcNow(), new Dictionary<string, Guid>(StringComparer.Ordinal), new List<string>());
        foreach (var subject in subjects.Distinct(StringComparer.Ordinal))
        {
            if (_known.TryGetValue(subject, out var known) && now - known.At < Age)
            {
                found[subject] = known.AccountId;
            }
            else
            {
                unknown.Add(subject);
            }
        }

        foreach (var (subject, accountId) in unknown.Count == 0 ? [] : await AskAsync(unknown, cancel))
        {
            found[subject] = accountId;
            Remember(subject, accountId, now);
        }

        return found.Where(f => sender.MayName(f.Value)).ToDictionary(StringComparer.Ordinal);
    }

    private void Remember(string subject, Guid accountId, DateTimeOffset now)
    {
        if (_known.Count >= MostKnown)
        {
            _known.Clear();
        }

        _known[subject] = (accountId, now);
    }

    private async Task<List<KeyValuePair<string, Guid>>> AskAsync(List<string> subjects, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var namespaces = scope.ServiceProvider.GetRequiredService<Namespaces>();
        var tokens = Parsed(subjects, s => PublicId.TryParse("tok", s, out var id) ? id : null);
        var services = Parsed(subjects, s => PublicId.TryParse("sa", s, out var id) ? id : null);
        var ids = Parsed(subjects, s => PublicId.TryParseHub(s, out var id) ? id : null);
        var named = (await namespaces.ByNameAsync(subjects, cancel)).ToDictionary(n => n.Name, n => n.Id, StringComparer.OrdinalIgnoreCase);
        var ofTokens = tokens.Count == 0 ? new Dictionary<Guid, Guid>() : await namespaces.OwnersOfTokensAsync([.. tokens.Values], cancel);
        var ofServices = services.Count == 0 ? new Dictionary<Guid, Guid>() : await namespaces.OwnersOfServiceAccountsAsync([.. services.Values], cancel);
        var byId = ids.Count == 0 ? new Dictionary<Guid, Namespace>() : await namespaces.ByIdAsync([.. ids.Values], cancel);
        var found = new List<KeyValuePair<string, Guid>>();
        foreach (var subject in subjects)
        {
            Guid? owner = named.TryGetValue(subject, out var namedId) ? namedId
                : tokens.TryGetValue(subject, out var token) && ofTokens.TryGetValue(token, out var tokenOwner) ? tokenOwner
                : services.TryGetValue(subject, out var service) && ofServices.TryGetValue(service, out var serviceOwner) ? serviceOwner
                : ids.TryGetValue(subject, out var id) && byId.ContainsKey(id) ? id
                : null;
            if (owner is { } accountId)
            {
                found.Add(new(subject, accountId));
            }
        }

        return found;
    }

    private static Dictionary<string, Guid> Parsed(List<string> subjects, Func<string, Guid?> parse) =>
        subjects.Select(s => (s, Id: parse(s))).Where(p => p.Id is not null).ToDictionary(p => p.s, p => p.Id!.Value, StringComparer.Ordinal); // none is null
}
