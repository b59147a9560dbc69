using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Says for each object of a batch what the client does next. Only what this repository holds counts as held.</summary>
internal sealed class LfsAnswers(HubDb db, UploadParts parts, XetTransfer xet, StorageQuota quota, GatedDownloads gated, LinkKeys keys, TimeProvider clock)
{
    public const string MediaType = "application/vnd.git-lfs+json";

    public async Task<LfsAnswer> UploadAsync(Repo repo, LfsRequest asked, Caller caller, string baseAddress, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, Digests(asked), cancel);
        var fresh = asked.Objects!.Where(o => o.IsValid() && !held.ContainsKey(o.Oid!)).DistinctBy(o => o.Oid).ToList(); // the endpoint requires the list; valid: has an oid
        var partSize = parts.PartSizeFor(asked.Transfers, [.. fresh.Select(o => o.Size!.Value)]); // valid: has a size
        var full = await WithoutRoomAsync(repo, fresh, cancel);
        var secret = await keys.CurrentAsync(cancel);
        var byChunks = await xet.FindUploadAsync(repo, asked, caller, baseAddress, cancel);
        return new LfsAnswer(byChunks is not null ? XetTransfer.Name : partSize > 0 ? UploadParts.Transfer : "basic", [.. asked.Objects!.Select(Answer)], "sha256");

        LfsAnswerObject Answer(LfsRequestObject asked) => asked switch
        {
            _ when !asked.IsValid() => Invalid(asked),
            _ when held.TryGetValue(asked.Oid!, out var size) => new LfsAnswerObject(asked.Oid!, size), // valid: has an oid, and below a size
            _ when full.TryGetValue(asked.Oid!, out var message) => new LfsAnswerObject(asked.Oid!, asked.Size!.Value) { Error = new LfsError(403, message) },
            _ when byChunks is not null => new LfsAnswerObject(asked.Oid!, asked.Size!.Value) { Actions = new LfsActions { Upload = byChunks } },
            _ => Upload(asked),
        };

        LfsAnswerObject Upload(LfsRequestObject asked)
        {
            var (digest, size) = (asked.Digest()!.Value, asked.Size!.Value);
            var link = Link(repo, digest, size, partSize > 0 ? LargeFileOperation.UploadParts : LargeFileOperation.Upload) with
            {
                PartSize = parts.Resume(repo.Id, digest, size, partSize),
            };
            var action = Action(link, baseAddress, secret) with { Header = link.PartSize > 0 ? PartHeader(link, baseAddress, secret) : null };
            var verify = Action(Link(repo, digest, size, LargeFileOperation.Verify), baseAddress, secret);
            return new LfsAnswerObject(digest.Hex, size) { Authenticated = true, Actions = new LfsActions { Upload = action, Verify = verify } };
        }
    }

    public async Task<LfsAnswer> DownloadAsync(ReadableRepo readable, LfsRequest asked, Caller caller, string baseAddress, CancellationToken cancel)
    {
        var repo = readable.Repo;
        var held = await db.HeldAsync(repo.Id, Digests(asked), cancel);
        var secret = await keys.CurrentAsync(cancel);
        return new LfsAnswer("basic", [.. asked.Objects!.Select(o => o.IsValid() ? Download(o) : Invalid(o))], "sha256"); // the endpoint requires the list

        LfsAnswerObject Download(LfsRequestObject asked)
        {
            var digest = asked.Digest()!.Value;
            if (!held.TryGetValue(digest.Hex, out var size))
            {
                return new LfsAnswerObject(digest.Hex, asked.Size!.Value) { Error = new LfsError(404, "The repository does not hold this object.") };
            }

            var life = repo.Gate is null ? LargeFileLink.Lifetime : LargeFileLink.GatedLifetime;
            var link = Link(repo, digest, size, LargeFileOperation.Download) with { ExpiresAt = clock.GetUtcNow() + life };
            var action = Action(link, baseAddress, secret) with { ExpiresIn = (long)life.TotalSeconds };
            gated.Note(readable, caller, DownloadWay.Lfs, null, digest.Hex, size);
            return new LfsAnswerObject(digest.Hex, size) { Authenticated = true, Actions = new LfsActions { Download = action } };
        }
    }

    /// <summary>Objects that the namespace has no room for, with what to tell: in the order of the batch, as many as fit are taken.</summary>
    private async Task<Dictionary<string, string>> WithoutRoomAsync(Repo repo, List<LfsRequestObject> fresh, CancellationToken cancel)
    {
        var full = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fresh.Count == 0 || await quota.IfLimitedAsync(repo.OwnerId, repo.IsPrivate, cancel) is not { } use)
        {
            return full;
        }

        foreach (var (oid, size) in fresh.Select(o => (o.Oid!, o.Size!.Value))) // valid ones
        {
            if (use.HasRoomFor(size))
            {
                use = use with { Used = use.Used + size };
            }
            else
            {
                full.Add(oid, use.Message(size));
            }
        }

        return full;
    }

    private static IEnumerable<Sha256Digest> Digests(LfsRequest asked) => asked.Objects!.Select(o => o.Digest()).OfType<Sha256Digest>();

    private static LfsAnswerObject Invalid(LfsRequestObject asked) =>
        new(asked.Oid ?? "", asked.Size ?? 0) { Error = new LfsError(422, "The oid must be a SHA-256 in lower-case hex, and the size 0 or more.") };

    private LargeFileLink Link(Repo repo, Sha256Digest digest, long size, LargeFileOperation operation) =>
        new(repo.Id, digest, size, 0, operation, clock.GetUtcNow() + LargeFileLink.Lifetime);

    private static LfsAction Action(LargeFileLink link, string baseAddress, byte[] secret) =>
        new(link.ToUrl(baseAddress, secret)) { ExpiresIn = (long)LargeFileLink.Lifetime.TotalSeconds };

    private static Dictionary<string, string> PartHeader(LargeFileLink link, string baseAddress, byte[] secret) =>
        new(link.ToPartUrls(baseAddress, secret).Prepend(new("chunk_size", link.PartSize.ToString(CultureInfo.InvariantCulture))), StringComparer.Ordinal);
}
