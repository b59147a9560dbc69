using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Who may build on which chunks. Whoever has sent a xorb may use all of it, and a member's whole namespace with them. Else only
/// chunks of files that the token's holder may read anyway: those of its repository, of namespaces the holder belongs to, and of
/// public repositories where the server is set so; and behind a gate only what an acceptance lets the holder read. Everything else looks as if it were not there, so that nobody learns what
/// others have.
/// </summary>
internal sealed class XorbAccess(HubDb db, HubOptions options)
{
    private const int AtOnce = 500;

    /// <returns>By xorb, the chunks that the token may use. A xorb of which it may use nothing is not among them.</returns>
    public async Task<Dictionary<XetHash, ChunkRanges>> UsableAsync(XetToken token, IEnumerable<XetHash> xorbs, CancellationToken cancel)
    {
        var usable = new Dictionary<XetHash, ChunkRanges>();
        var grantees = token.Grantees;
        foreach (var some in xorbs.Distinct().Chunk(AtOnce))
        {
            var granted = await db.XorbGrants.Where(g => grantees.Contains(g.GranteeId) && some.Contains(g.Xorb)).Select(g => g.Xorb).Distinct().ToListAsync(cancel);
            granted.ForEach(xorb => RangesOf(usable, xorb).Add(0, int.MaxValue));
            var others = some.Except(granted).ToHashSet();
            await foreach (var terms in Terms(token, others).AsAsyncEnumerable().WithCancellation(cancel))
            {
                foreach (var term in FileTerm.Decode(terms).Where(t => others.Contains(t.Xorb)))
                {
                    RangesOf(usable, term.Xorb).Add(term.FirstChunk, term.EndChunk);
                }
            }
        }

        return usable;
    }

    /// <summary>Xorbs of which the token may use something.</summary>
    public IQueryable<Xorb> Usable(XetToken token)
    {
        var (grantees, readable) = (token.Grantees, Readable(token));
        return db.Xorbs.Where(x => db.XorbGrants.Any(g => g.Xorb == x.Hash && grantees.Contains(g.GranteeId))
            || db.FileXorbs.Any(n => n.Xorb == x.Hash && readable.Any(f => f.Hash == n.File)));
    }

    /// <summary>Files that the token's holder may read anyway. From a file to who holds it: so a question costs what it is about, not what there is.</summary>
    public IQueryable<ChunkedFile> Readable(XetToken token)
    {
        var (repoId, namespaces, isShared) = (token.RepoId, token.Namespaces, options.SharePublicChunks);
        var holderId = token.HolderId;
        var accepted = db.AccessRequests.Where(a => a.State == AccessState.Accepted && (a.SubjectId == holderId || namespaces.Contains(a.SubjectId)));
        var repos = db.Repos.Where(r => r.DisabledAt == null).Where(r => r.Id == repoId
            || (namespaces.Contains(r.OwnerId) && (r.Gate == null || !r.GatesMembers))
            || (!r.IsPrivate && (isShared || r.Gate != null) && (r.Gate == null || accepted.Any(a => a.RepoId == r.Id))));
        return db.ChunkedFiles.Where(f => db.LfsObjects.Any(o => o.Sha256 == f.Sha256 && repos.Any(r => r.Id == o.RepoId)));
    }

    /// <summary>Terms of files that have chunks of the given xorbs.</summary>
    private IQueryable<byte[]> Terms(XetToken token, IReadOnlyCollection<XetHash> xorbs)
    {
        var needing = db.FileXorbs.Where(f => xorbs.Contains(f.Xorb)).Select(f => f.File);
        return Readable(token).Where(f => needing.Contains(f.Hash)).Select(f => f.Terms);
    }

    private static ChunkRanges RangesOf(Dictionary<XetHash, ChunkRanges> usable, XetHash xorb)
    {
        if (!usable.TryGetValue(xorb, out var ranges))
        {
            ranges = new ChunkRanges();
            usable.Add(xorb, ranges);
        }

        return ranges;
    }
}
