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

    public DbSet<Gate> Gates => Set<Gate>();

    public DbSet<GateText> GateTexts => Set<GateText>();

    public DbSet<AccessRequest> AccessRequests => Set<AccessRequest>();

    public DbSet<GatedDownload> GatedDownloads => Set<GatedDownload>();

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
        model.Entity<Repo>().Property(r => r.Gate).HasConversion(new GateModeConverter());
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
        model.Entity<Gate>().HasKey(g => g.RepoId);
        model.Entity<Gate>().Property(g => g.Reaccept).HasConversion(r => r.ToWire(), text => GateWords.ReadReaccept(text));
        model.Entity<Gate>().Property(g => g.DomainRule).HasConversion(r => r.ToWire(), text => GateWords.ReadDomainRule(text));
        model.Entity<GateText>().HasKey(t => t.Sha256);
        model.Entity<AccessRequest>().Property(a => a.State).HasConversion(new AccessStateConverter());
        model.Entity<GatedDownload>().Property(d => d.Way).HasConversion(way => way.ToWire(), text => DownloadWays.Parse(text));
        var facts = model.Entity<StoredFacts>().ToTable("hub_stored_facts");
        facts.HasKey(f => f.RepoId);
        if (Database.IsNpgsql())
        {
            facts.Property(f => f.Facts).HasColumnType("jsonb");
            model.Entity<Gate>().Property(g => g.Fields).HasColumnType("jsonb");
            model.Entity<Gate>().Property(g => g.Domains).HasColumnType("jsonb");
            model.Entity<Sweep>().Property(s => s.Report).HasColumnType("jsonb");
        }
    }
}

/// <summary>Hashes are stored as their text.</summary>
internal sealed class XetHashConverter() : ValueConverter<XetHash, string>(hash => hash.ToString(), text => XetHash.Parse(text));
