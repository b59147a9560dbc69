using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Lodestone.Hub;

/// <summary>The hub's rows. Files, folders and history are in git; large files are in the blob store.</summary>
internal sealed class HubDb(DbContextOptions<HubDb> options, ModuleData data) : ModuleDb(options, data)
{
    public DbSet<Repo> Repos => Set<Repo>();

    public DbSet<StoredFacts> Facts => Set<StoredFacts>();

    public DbSet<RepoTag> Tags => Set<RepoTag>();

    public DbSet<RepoAlias> Aliases => Set<RepoAlias>();

    public DbSet<RepoLike> Likes => Set<RepoLike>();

    public DbSet<LfsObject> LfsObjects => Set<LfsObject>();

    public DbSet<PullRequest> PullRequests => Set<PullRequest>();

    public DbSet<UnheldBlob> UnheldBlobs => Set<UnheldBlob>();

    public DbSet<StorageLimit> StorageLimits => Set<StorageLimit>();

    public DbSet<StorageCount> StorageCounts => Set<StorageCount>();

    public DbSet<Sweep> Sweeps => Set<Sweep>();

    public DbSet<LinkKey> LinkKeys => Set<LinkKey>();

    public DbSet<Xorb> Xorbs => Set<Xorb>();

    public DbSet<XorbGrant> XorbGrants => Set<XorbGrant>();

    public DbSet<ChunkedFile> ChunkedFiles => Set<ChunkedFile>();

    public DbSet<FileXorb> FileXorbs => Set<FileXorb>();

    public DbSet<KnownChunk> KnownChunks => Set<KnownChunk>();

    public DbSet<Traffic> Traffic => Set<Traffic>();

    public DbSet<TrafficFile> TrafficFiles => Set<TrafficFile>();

    public DbSet<TrafficClient> TrafficClients => Set<TrafficClient>();

    public DbSet<FetchedPart> FetchedParts => Set<FetchedPart>();

    public DbSet<FetchedSet> FetchedSets => Set<FetchedSet>();

    public DbSet<TrafficSalt> TrafficSalts => Set<TrafficSalt>();

    public DbSet<LineageEdge> LineageEdges => Set<LineageEdge>();

    public DbSet<TensorDigest> Tensors => Set<TensorDigest>();

    public DbSet<TensorReading> TensorReadings => Set<TensorReading>();

    protected override string Module => "hub";

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<XetHash>().HaveConversion<XetHashConverter>();
    }

    protected override void Map(ModelBuilder model)
    {
        model.Entity<Repo>().Property(r => r.Type).HasConversion(t => t.Singular(), name => RepoTypes.FromSingular(name) ?? RepoType.Model);
        model.Entity<Repo>().Ignore(r => r.FullName);
        model.Entity<RepoAlias>().HasKey(a => new { a.Type, a.PathLower });
        model.Entity<RepoAlias>().Property(a => a.Type).HasConversion(t => t.Singular(), name => RepoTypes.FromSingular(name) ?? RepoType.Model);
        model.Entity<RepoTag>().HasKey(t => new { t.RepoId, t.Tag });
        model.Entity<RepoLike>().HasKey(l => new { l.RepoId, l.UserId });
        model.Entity<PullRequest>().HasKey(p => new { p.RepoId, p.Number });
        model.Entity<LfsObject>().HasKey(o => new { o.RepoId, o.Sha256 });
        model.Entity<LfsObject>().HasOne<Repo>().WithMany().HasForeignKey(o => o.RepoId); // saved after its repository
        model.Entity<UnheldBlob>().HasKey(b => b.Sha256);
        model.Entity<StorageCount>().Property(c => c.Scope).HasConversion(scope => scope.ToWire(), name => StorageScopes.Parse(name));
        model.Entity<Xorb>().HasKey(x => x.Hash);
        model.Entity<XorbGrant>().HasKey(g => new { g.Xorb, g.GranteeId });
        model.Entity<ChunkedFile>().HasKey(f => f.Hash);
        model.Entity<FileXorb>().HasKey(f => new { f.File, f.Xorb });
        model.Entity<FileXorb>().HasOne<ChunkedFile>().WithMany().HasForeignKey(f => f.File); // saved after its file
        model.Entity<FileXorb>().HasOne<Xorb>().WithMany().HasForeignKey(f => f.Xorb);
        model.Entity<KnownChunk>().HasKey(c => new { c.Hash, c.Xorb });
        MapTraffic(model);
        MapLineage(model);
        var facts = model.Entity<StoredFacts>().ToTable("hub_stored_facts");
        facts.HasKey(f => f.RepoId);
        if (Database.IsNpgsql())
        {
            facts.Property(f => f.Facts).HasColumnType("jsonb");
            model.Entity<Sweep>().Property(s => s.Report).HasColumnType("jsonb");
        }
    }

    private static void MapLineage(ModelBuilder model)
    {
        model.Entity<LineageEdge>().HasKey(e => new { e.ChildId, e.Evidence, e.Relation, e.ParentType, e.ParentPath });
        model.Entity<TensorDigest>().HasKey(t => new { t.Digest, t.RepoId });
        model.Entity<TensorReading>().HasKey(r => r.RepoId);
    }

    private static void MapTraffic(ModelBuilder model)
    {
        model.Entity<Traffic>().HasKey(t => new { t.RepoId, t.Day, t.Revision, t.FileClass, t.ClientClass });
        model.Entity<TrafficFile>().HasKey(t => new { t.RepoId, t.Day, t.Path, t.ClientClass });
        model.Entity<TrafficClient>().HasKey(t => new { t.RepoId, t.Day, t.Revision, t.FileClass, t.ClientClass, t.Client });
        model.Entity<FetchedPart>().HasKey(p => new { p.RepoId, p.Client, p.Revision, p.Path });
        model.Entity<FetchedSet>().HasKey(s => new { s.RepoId, s.Client, s.Revision, s.Name });
    }
}

/// <summary>Hashes are stored as their text.</summary>
internal sealed class XetHashConverter() : ValueConverter<XetHash, string>(hash => hash.ToString(), text => XetHash.Parse(text));
