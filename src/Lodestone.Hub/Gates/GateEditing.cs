using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Puts gates on repositories, changes them and takes them off.</summary>
internal sealed class GateEditing(HubDb db, RepoAccess access, ReposLately repos, GrantsLately grants, TimeProvider clock)
{
    /// <summary>On or off, and nothing else.</summary>
    /// <returns>The gate that there is now.</returns>
    /// <exception cref="Refusal"><c>repo_not_found</c> or <c>forbidden</c>.</exception>
    public async Task<GateMode?> SetModeAsync(RepoRoute route, GateSetting wanted, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        if (!wanted.IsGiven)
        {
            return found.Gate;
        }

        var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, cancel);
        repo.Gate = wanted.Mode;
        await db.SaveChangesAsync(cancel);
        repos.Forget();
        return wanted.Mode;
    }

    /// <summary>Everything that a gate says and asks. Who accepted an older licence may have to accept the new one: the same save suspends them.</summary>
    /// <exception cref="Refusal"><c>repo_not_found</c>, <c>forbidden</c>, <c>invalid_request</c> or <c>geo_unavailable</c>.</exception>
    public async Task SaveAsync(RepoRoute route, NewGate wanted, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        wanted.Check();
        await db.KeepTextAsync(wanted.Licence?.Text, clock.GetUtcNow(), cancel);
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(found.Id, inner);
                var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, inner);
                (repo.Gate, repo.GatesMembers, repo.GatesCalls) = (wanted.ReadMode().Mode, wanted.GateMembers, wanted.ApiUseGated);
                var gate = await db.Gates.SingleOrDefaultAsync(g => g.RepoId == found.Id, inner);
                if (gate is null)
                {
                    gate = new Gate { RepoId = found.Id };
                    db.Gates.Add(gate);
                }

                var before = gate.LicenceSha256;
                Fill(gate, wanted);
                await SuspendAsync(gate, hasChanged: before != gate.LicenceSha256, inner);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        repos.Forget();
        grants.Forget();
    }

    private void Fill(Gate gate, NewGate wanted)
    {
        (gate.Heading, gate.Prompt) = (Given(wanted.Heading), Given(wanted.Prompt));
        gate.Fields = JsonSerializer.Serialize(wanted.Fields ?? [], HubJson.Default.IReadOnlyListGateField);
        gate.LicenceName = Given(wanted.Licence?.Name);
        gate.LicenceSha256 = wanted.Licence is { Text: { Length: > 0 } text } ? GateTerms.Hash(text) : null;
        gate.Reaccept = GateWords.ReadReaccept(wanted.Reaccept ?? "no");
        gate.Domains = JsonSerializer.Serialize(wanted.ReadDomains(), HubJson.Default.IReadOnlyListString);
        gate.DomainRule = GateWords.ReadDomainRule(wanted.DomainRule ?? "accept");
        (gate.ChangedBy, gate.ChangedAt) = (access.Caller.Id, clock.GetUtcNow());
    }

    /// <summary>Who was let in without accepting any licence is asked only by a new one.</summary>
    private async Task SuspendAsync(Gate gate, bool hasChanged, CancellationToken cancel)
    {
        if (gate.Reaccept is Reaccept.No || gate.LicenceSha256 is not { } licence)
        {
            return;
        }

        var outdated = await db.AccessRequests.Where(a => a.RepoId == gate.RepoId && a.State == AccessState.Accepted && a.LicenceSha256 != licence && (hasChanged || a.LicenceSha256 != null)).ToListAsync(cancel);
        foreach (var request in outdated)
        {
            request.Decide(AccessState.Suspended, access.Caller.Id, "The licence has changed.", clock.GetUtcNow());
            db.Publish(new AccessChanged(gate.RepoId, request.SubjectId, AccessState.Suspended.ToWire(), access.Caller.Id));
        }
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}

/// <summary>Whether there shall be a gate.</summary>
/// <param name="IsGiven">False: as it is.</param>
/// <param name="Mode">Null: none.</param>
internal readonly record struct GateSetting(bool IsGiven, GateMode? Mode)
{
    public static GateSetting Unchanged { get; }
}

internal static class GateTexts
{
    /// <summary>Keeps a text for as long as somebody may ask what was accepted. The same text is kept once.</summary>
    public static async Task KeepTextAsync(this HubDb db, string? text, DateTimeOffset now, CancellationToken cancel)
    {
        if (!string.IsNullOrEmpty(text) && GateTerms.Hash(text) is var sha256 && !await db.GateTexts.AnyAsync(t => t.Sha256 == sha256, cancel))
        {
            db.GateTexts.Add(new GateText(sha256, text, now));
            await db.TrySaveAsync(cancel); // false: somebody else kept it just now
        }
    }
}
