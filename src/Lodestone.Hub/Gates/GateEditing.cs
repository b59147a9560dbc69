using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Puts gates on repositories, changes them and takes them off.</summary>
internal sealed class GateEditing(HubDb db, RepoAccess access, GateMemory memory, AddressDatabase addresses, Tasks tasks, TimeProvider clock)
{
    private static readonly RefusalCode AlreadyGated = new("already_gated", 409);
    private static readonly RefusalCode GeoUnavailable = new("geo_unavailable", 409);

    /// <summary>On or off, and nothing else.</summary>
    /// <returns>The gate that there is now.</returns>
    /// <exception cref="Refusal"><c>repo_not_found</c>, <c>forbidden</c>, or <c>already_gated</c>: by a collection.</exception>
    public async Task<GateMode?> SetModeAsync(RepoRoute route, GateSetting wanted, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        if (!wanted.IsGiven)
        {
            return found.Gate;
        }

        var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, cancel);
        RequireOwn(repo);
        repo.Gate = wanted.Mode;
        await db.SaveChangesAsync(cancel);
        memory.Forget();
        return wanted.Mode;
    }

    /// <summary>Everything that a gate says and asks. Who accepted an older licence may have to accept the new one: the same save suspends them.</summary>
    /// <exception cref="Refusal"><c>repo_not_found</c>, <c>forbidden</c>, <c>invalid_request</c>, <c>unprocessable</c>, <c>geo_unavailable</c>, or <c>already_gated</c>: by a collection.</exception>
    public async Task SaveAsync(RepoRoute route, NewGate wanted, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        await PrepareAsync(wanted, cancel);
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(found.Id, inner);
                var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, inner);
                RequireOwn(repo);
                await SuspendAsync(await PutAsync(repo, wanted, inner), [repo.Id], inner);
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        memory.Forget();
    }

    /// <summary>What comes before every save: the text of the licence is kept, and somebody looks at the gate on its day.</summary>
    /// <exception cref="Refusal"><c>invalid_request</c>, <c>unprocessable</c> or <c>geo_unavailable</c>.</exception>
    public async Task PrepareAsync(NewGate wanted, CancellationToken cancel)
    {
        wanted.Check();
        RequireAddresses(wanted);
        await db.KeepTextAsync(wanted.Licence?.Text, clock.GetUtcNow(), cancel);
        if (wanted.ReadReacceptBy() is { } by)
        {
            await tasks.ScheduleAsync(LicencesDue.Kind, LicencesDue.Key, by, new { }, cancel);
        }
    }

    /// <summary>The same for one repository, to be saved with what else the caller changes.</summary>
    /// <param name="repo">Tracked.</param>
    /// <param name="wanted">Checked, its texts kept.</param>
    public async Task<Gate> PutAsync(Repo repo, NewGate wanted, CancellationToken cancel)
    {
        (repo.Gate, repo.GatesMembers, repo.GatesCalls) = (wanted.ReadMode().Mode, wanted.GateMembers, wanted.ApiUseGated);
        repo.GateOrigins = OriginRule.Of(wanted)?.ToJson();
        var gate = await db.Gates.SingleOrDefaultAsync(g => g.RepoId == repo.Id, cancel);
        if (gate is null)
        {
            gate = new Gate { RepoId = repo.Id };
            db.Gates.Add(gate);
        }

        Fill(gate, wanted);
        return gate;
    }

    /// <summary>Who accepted an older licence has to accept this one, where the gate says so and names no later day.</summary>
    /// <param name="group">All repositories behind the gate, its own first.</param>
    public async Task SuspendAsync(Gate gate, IReadOnlyList<Guid> group, CancellationToken cancel)
    {
        if (gate.Reaccept is Reaccept.No || gate.LicenceSha256 is null || gate.ReacceptBy is not null)
        {
            return; // with a day, LicencesDue does it then
        }

        foreach (var request in await db.AccessRequests.Outdated(gate).ToListAsync(cancel))
        {
            request.Suspend(access.Caller.Id, clock.GetUtcNow());
            await db.SpreadAsync(request, group, clock, cancel);
            db.Publish(new AccessChanged(gate.RepoId, request.SubjectId, request.State.ToWire(), access.Caller.Id));
        }
    }

    private static void RequireOwn(Repo repo)
    {
        if (repo.GateCollectionId is not null)
        {
            throw new Refusal(AlreadyGated, $"The gate of {repo.FullName} is that of a collection. Change it there, or take the repository out of the collection first.");
        }
    }

    private void RequireAddresses(NewGate wanted)
    {
        if (OriginRule.Of(wanted) is not null && wanted.ReadMode().Mode is not null && !addresses.IsThere)
        {
            throw new Refusal(GeoUnavailable, "This server has no database of network addresses, so it cannot tell where somebody is. Its operator sets Hub__AddressDatabase to the path of an .mmdb file; until then save the gate without places.") { Param = "blockedCountries" };
        }
    }

    private void Fill(Gate gate, NewGate wanted)
    {
        (gate.Heading, gate.Prompt) = (Given(wanted.Heading), Given(wanted.Prompt));
        gate.Fields = JsonSerializer.Serialize(wanted.Fields ?? [], HubJson.Default.IReadOnlyListGateField);
        gate.LicenceName = Given(wanted.Licence?.Name);
        var licence = wanted.Licence is { Text: { Length: > 0 } text } ? GateTerms.Hash(text) : null;
        gate.LicenceAt = licence == gate.LicenceSha256 ? gate.LicenceAt : clock.GetUtcNow();
        gate.LicenceSha256 = licence;
        (gate.Reaccept, gate.ReacceptBy) = (GateWords.ReadReaccept(wanted.Reaccept ?? "no"), wanted.ReadReacceptBy());
        gate.Domains = JsonSerializer.Serialize(wanted.ReadDomains(), HubJson.Default.IReadOnlyListString);
        gate.DomainRule = GateWords.ReadDomainRule(wanted.DomainRule ?? "accept");
        (gate.ChangedBy, gate.ChangedAt) = (access.Caller.Id, clock.GetUtcNow());
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
