using System.Globalization;
using System.Text.RegularExpressions;
using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>What is sold by API: made, changed and taken away by who administers the namespace that sells it, or the server.</summary>
internal sealed partial class CatalogueEditing(
    GatewayDb db, Models models, Namespaces namespaces, Products products, OutgoingCalls outgoing, BackendKeys keys, KnownModels known, Caller caller, TimeProvider clock, ILogger<CatalogueEditing> log)
{
    private const int MostBackends = 16;
    private const int LongestText = 2000;
    private const long MostTokens = 100_000_000;

    /// <summary>What the caller may call, newest first.</summary>
    public async Task<IReadOnlyList<ShownEntry>> ListAsync(CancellationToken cancel)
    {
        var entries = await db.Entries.AsNoTracking().OrderByDescending(e => e.CreatedAt).ToListAsync(cancel);
        var seen = entries.Where(e => e.IsVisibleTo(caller)).ToList();
        var own = seen.Where(e => e.CanBeAdministeredBy(caller)).Select(e => e.Id).ToList();
        var backends = (await db.Backends.AsNoTracking().Where(b => own.Contains(b.EntryId)).OrderBy(b => b.Id).ToListAsync(cancel)).ToLookup(b => b.EntryId);
        return [.. seen.Select(e => new ShownEntry(e, own.Contains(e.Id), [.. backends[e.Id]]))];
    }

    /// <exception cref="Refusal"><c>not_found</c>, also for what the caller may not see.</exception>
    public async Task<ShownEntry> FindAsync(string name, CancellationToken cancel)
    {
        var entry = await FindEntryAsync(name, cancel);
        return entry?.IsVisibleTo(caller) is true ? await ShowAsync(entry, cancel) : throw NotThere(name);
    }

    /// <summary>Makes the entry, or has it be as wanted. A back-end that is not named goes; one that is named without a key keeps its own.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>, <c>unprocessable</c>, <c>conflict</c>, <c>address_not_public</c>.</exception>
    public async Task<ShownEntry> PutAsync(string name, WantedEntry wanted, CancellationToken cancel)
    {
        var entry = await FindEntryAsync(name, cancel) ?? await NewAsync(name, KindOf(wanted.Kind), cancel);
        Require(entry, name);
        if (wanted.Kind is { } kind && KindOf(kind) != entry.Kind)
        {
            throw new Refusal(RefusalCode.Conflict, $"{entry.Name} is {entry.Kind.ToString().ToLowerInvariant()} and stays so. Delete it and make another.") { Param = "kind" };
        }

        await ApplyAsync(entry, wanted, cancel);
        if (!await db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"Somebody else has just made {name}. Look at it, then change it.");
        }

        known.Forget();
        await products.RegisterAsync(entry.Id, entry.Name, entry.OwnerId, cancel);
        Put(log, entry.Name, caller.Id);
        return await ShowAsync(entry, cancel);
    }

    /// <summary>Calls are refused from now on; what was charged stays on record.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>.</exception>
    public async Task DeleteAsync(string name, CancellationToken cancel)
    {
        var entry = await FindEntryAsync(name, cancel) ?? throw NotThere(name);
        Require(entry, name);
        db.Entries.Remove(entry);
        await db.SaveChangesAsync(cancel);
        known.Forget();
        Deleted(log, entry.Name, caller.Id);
    }

    private async Task<CatalogueEntry?> FindEntryAsync(string name, CancellationToken cancel)
    {
        var lowered = name.ToLowerInvariant();
        return lowered.Contains('\0', StringComparison.Ordinal) ? null : await db.Entries.SingleOrDefaultAsync(e => e.NameLower == lowered, cancel);
    }

    private async Task<CatalogueEntry> NewAsync(string name, EntryKind kind, CancellationToken cancel)
    {
        caller.Authenticated();
        if (!FullName().IsMatch(name) || await namespaces.FindAsync(name.Split('/')[0], cancel) is not { } owner)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Name it as owner/name, where the owner is a user or an organization here: '{name}' is not that.") { Param = "name" };
        }

        if (!caller.IsAdministrator && !caller.CanAdminister(owner.Id))
        {
            throw Forbidden(owner.Name);
        }

        if (await models.FindAsync(Caller.Server, name, cancel) is not null)
        {
            throw new Refusal(RefusalCode.Conflict, $"The hub has a model {name}, which is called by that name. Choose another.") { Param = "name" };
        }

        var now = clock.GetUtcNow();
        var entry = new CatalogueEntry { Id = Guid.CreateVersion7(now), OwnerId = owner.Id, Name = $"{owner.Name}/{name.Split('/')[1]}", NameLower = name.ToLowerInvariant(), Kind = kind, CreatedAt = now };
        db.Entries.Add(entry);
        return entry;
    }

    private async Task ApplyAsync(CatalogueEntry entry, WantedEntry wanted, CancellationToken cancel)
    {
        entry.IsPublic = wanted.IsPublic ?? entry.IsPublic;
        entry.Description = Text(wanted.Description, "description") ?? entry.Description;
        entry.DataPolicy = Text(wanted.DataPolicy, "dataPolicy") ?? entry.DataPolicy;
        entry.RetiresAt = wanted.RetiresAt;
        entry.ChangedAt = clock.GetUtcNow();
        if (entry.Kind is EntryKind.Closed)
        {
            entry.RepoId = await PrivateRepoAsync(entry, wanted.Repo, cancel);
            return;
        }

        entry.Features = wanted.Features is { } features ? FeatureNames.FromWire(features) : entry.Features is ModelFeatures.None ? ModelFeatures.Chat : entry.Features;
        entry.ContextLength = Tokens(wanted.ContextLength ?? entry.ContextLength, "contextLength");
        entry.MaxOutput = Tokens(wanted.MaxOutput ?? (entry.MaxOutput > 0 ? entry.MaxOutput : Math.Max(entry.ContextLength / 2, 1)), "maxOutput");
        if (entry.MaxOutput > entry.ContextLength)
        {
            throw Unprocessable("maxOutput", "An answer cannot be longer than the context.");
        }

        if (wanted.Backends is { } backends)
        {
            await ApplyAsync(entry.Id, backends, cancel);
        }
    }

    private async Task ApplyAsync(Guid entryId, IReadOnlyList<WantedBackend> wanted, CancellationToken cancel)
    {
        if (wanted.Count > MostBackends)
        {
            throw Unprocessable("backends", $"A model has at most {MostBackends} back-ends.");
        }

        var before = await db.Backends.Where(b => b.EntryId == entryId).ToListAsync(cancel);
        var kept = new HashSet<Guid>();
        for (var i = 0; i < wanted.Count; i++)
        {
            kept.Add(Apply(entryId, wanted[i], before, string.Create(CultureInfo.InvariantCulture, $"backends[{i}]")));
        }

        db.Backends.RemoveRange(before.Where(b => !kept.Contains(b.Id)));
    }

    private Guid Apply(Guid entryId, WantedBackend wanted, List<RemoteBackend> before, string param)
    {
        var url = outgoing.Check(wanted.Url?.Trim().TrimEnd('/'), $"{param}.url");
        if (url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            throw Unprocessable($"{param}.url", "Give the address up to and including /v1.");
        }

        if (wanted.Weight is < 0 or > 1_000_000)
        {
            throw Unprocessable($"{param}.weight", "A weight is a whole number from 0 to 1000000.");
        }

        if (wanted.Seats is < 0 or > 1_000_000)
        {
            throw Unprocessable($"{param}.seats", "Seats are a whole number from 1 to 1000000, or 0 for as many as come.");
        }

        var id = PublicId.TryParse("bak", wanted.Id, out var given) ? given : Guid.Empty;
        var backend = before.Find(b => b.Id == id);
        if (backend is null)
        {
            backend = new RemoteBackend { Id = Guid.CreateVersion7(clock.GetUtcNow()), EntryId = entryId, Weight = 1, IsEnabled = true };
            db.Backends.Add(backend);
        }
        else if (wanted.Key is null && !SamePlace(backend.Url, url))
        {
            throw Unprocessable($"{param}.key", "Give the key again: a stored key does not follow to another address."); // else who may edit could have it sent to themselves
        }

        backend.Url = url.ToString().TrimEnd('/');
        backend.Model = Text(wanted.Model, $"{param}.model") is { Length: > 0 } model ? model : throw Unprocessable($"{param}.model", "Give the model's name over there.");
        backend.SealedKey = wanted.Key is null ? backend.SealedKey : keys.Seal(Key(wanted.Key, $"{param}.key"));
        backend.Weight = wanted.Weight ?? backend.Weight;
        backend.Seats = wanted.Seats is { } seats ? seats > 0 ? seats : null : backend.Seats;
        backend.IsEnabled = wanted.IsEnabled ?? backend.IsEnabled;
        return backend.Id;
    }

    private static bool SamePlace(string before, Uri after) =>
        Uri.Compare(new Uri(before), after, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private async Task<Guid> PrivateRepoAsync(CatalogueEntry entry, string? repo, CancellationToken cancel)
    {
        if (repo is null && entry.RepoId is { } before)
        {
            return before;
        }

        var found = await models.FindAsync(caller, repo ?? "", cancel) ?? throw Unprocessable("repo", $"There is no model repository '{repo}' with a GGUF file that you may read. Give it as owner/name.");
        if (!caller.CanAdminister(found.OwnerId) || found.OwnerId != entry.OwnerId)
        {
            throw Unprocessable("repo", "Weights that are sold belong to the namespace that sells them.");
        }

        return await models.FindAsync(Caller.Anonymous, found.Id, cancel) is null
            ? found.RepoId
            : throw Unprocessable("repo", $"Everybody may read {found.Id}. Make it private first, or let it be called by its own name.");
    }

    private async Task<ShownEntry> ShowAsync(CatalogueEntry entry, CancellationToken cancel)
    {
        var mayEdit = entry.CanBeAdministeredBy(caller);
        return new ShownEntry(entry, mayEdit, mayEdit ? await db.Backends.AsNoTracking().Where(b => b.EntryId == entry.Id).OrderBy(b => b.Id).ToListAsync(cancel) : []);
    }

    private void Require(CatalogueEntry entry, string name)
    {
        if (!entry.CanBeAdministeredBy(caller.Authenticated()))
        {
            throw entry.IsVisibleTo(caller) ? Forbidden(entry.Name.Split('/')[0]) : NotThere(name);
        }
    }

    private static EntryKind KindOf(string? kind) => kind switch
    {
        "closed" => EntryKind.Closed,
        "remote" => EntryKind.Remote,
        _ => throw Unprocessable("kind", "A kind is closed or remote. A model whose weights are in the hub needs no entry: it is called by its repository's name."),
    };

    private static string? Text(string? text, string param) => text is { Length: > LongestText } || text?.Contains('\0', StringComparison.Ordinal) is true
        ? throw Unprocessable(param, $"Use at most {LongestText} characters.")
        : text?.Trim();

    private static string Key(string key, string param) => key.Length <= LongestText && !key.AsSpan().ContainsAnyExceptInRange('!', '~')
        ? key
        : throw Unprocessable(param, "A key has no blanks and no characters beyond ASCII.");

    private static long Tokens(long tokens, string param) => tokens is > 0 and <= MostTokens ? tokens : throw Unprocessable(param, $"Give a number of tokens from 1 to {MostTokens}.");

    private static Refusal Unprocessable(string param, string message) => new(RefusalCode.Unprocessable, message) { Param = param };

    private static Refusal NotThere(string name) => new(RefusalCode.NotFound, $"The catalogue has no model {name}. GET /api/v1/catalogue lists what it has.");

    private static Refusal Forbidden(string owner) => new(RefusalCode.Forbidden, $"Only administrators of {owner} decide what it sells.");

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FullName();

    [LoggerMessage(Level = LogLevel.Information, Message = "Catalogue entry {Name} was put by {UserId}")]
    private static partial void Put(ILogger log, string name, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Catalogue entry {Name} was deleted by {UserId}")]
    private static partial void Deleted(ILogger log, string name, Guid userId);
}

/// <param name="MayEdit">Whether the caller does; only they are shown back-ends.</param>
internal sealed record ShownEntry(CatalogueEntry Entry, bool MayEdit, IReadOnlyList<RemoteBackend> Backends);
