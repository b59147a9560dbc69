using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Says for each object of a batch what the client does next. Only what this repository holds counts as held.</summary>
internal sealed class LfsAnswers(HubDb db, UploadParts parts, LinkKeys keys, TimeProvider clock)
{
    public const string MediaType = "application/vnd.git-lfs+json";

    public async Task<LfsAnswer> UploadAsync(Repo repo, LfsRequest asked, string baseAddress, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, Digests(asked), cancel);
        var fresh = asked.Objects!.Where(o => o.IsValid() && !held.ContainsKey(o.Digest()!.Value.Hex)).ToList(); // the endpoint requires the list; valid: has a digest
        var partSize = parts.PartSizeFor(asked.Transfers, [.. fresh.Select(o => o.Size!.Value)]); // valid: has a size
        var secret = await keys.CurrentAsync(cancel);
        var verify = new LfsAction($"{baseAddress}/{repo.Type.Prefix()}{repo.FullName}.git/info/lfs/objects/verify");
        var answers = asked.Objects!.Select(o => !o.IsValid() ? Invalid(o) : held.TryGetValue(o.Oid!, out var size) ? new LfsAnswerObject(o.Oid!, size) : Upload(o));
        return new LfsAnswer(partSize > 0 ? UploadParts.Transfer : "basic", [.. answers], "sha256");

        LfsAnswerObject Upload(LfsRequestObject asked)
        {
            var (digest, size) = (asked.Digest()!.Value, asked.Size!.Value);
            var link = Link(repo, digest, size, partSize > 0 ? LargeFileOperation.UploadParts : LargeFileOperation.Upload) with
            {
                PartSize = parts.Resume(repo.Id, digest, size, partSize),
            };
            var action = Action(link, baseAddress, secret) with { Header = link.PartSize > 0 ? PartHeader(link, baseAddress, secret) : null };

            // The links carry their own authority, but verifying does not: git-lfs would leave its credentials out if told that none are needed.
            return new LfsAnswerObject(digest.Hex, size) { Actions = new LfsActions { Upload = action, Verify = verify } };
        }
    }

    public async Task<LfsAnswer> DownloadAsync(Repo repo, LfsRequest asked, string baseAddress, CancellationToken cancel)
    {
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

            var action = Action(Link(repo, digest, size, LargeFileOperation.Download), baseAddress, secret);
            return new LfsAnswerObject(digest.Hex, size) { Authenticated = true, Actions = new LfsActions { Download = action } };
        }
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
