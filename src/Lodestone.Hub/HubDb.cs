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

    public DbSet<Discussion> Discussions => Set<Discussion>();

    public DbSet<DiscussionEvent> DiscussionEvents => Set<DiscussionEvent>();

    public DbSet<Comment> Comments => Set<Comment>();

    public DbSet<CommentEdit> CommentEdits => Set<CommentEdit>();

    public DbSet<Reaction> Reactions => Set<Reaction>();

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

    public DbSet<RepoEvent> RepoEvents => Set<RepoEvent>();

    public DbSet<Webhook> Webhooks => Set<Webhook>();

    public DbSet<WebhookWatch> WebhookWatches => Set<WebhookWatch>();

    public DbSet<WebhookDelivery> WebhookDeliveries => Set<WebhookDelivery>();

    public DbSet<Collection> Collections => Set<Collection>();

    public DbSet<CollectionItem> CollectionItems => Set<CollectionItem>();

    public DbSet<CollectionUpvote> CollectionUpvotes => Set<CollectionUpvote>();

    public DbSet<RepoWatch> Watches => Set<RepoWatch>();

    public DbSet<Gate> Gates => Set<Gate>();

    public DbSet<CollectionGate> CollectionGates => Set<CollectionGate>();

    public DbSet<GateText> GateTexts => Set<GateText>();

    public DbSet<AccessRequest> AccessRequests => Set<AccessRequest>();

    public DbSet<GatedDownload> GatedDownloads => Set<GatedDownload>();

    public DbSet<Notification> Notifications => Set<Notification>();

    public DbSet<NotificationChoice> NotificationChoices => Set<NotificationChoice>();

    public DbSet<Derivation> Derivations => Set<Derivation>();

    public DbSet<Traffic> Traffic => Set<Traffic>();

    public DbSet<TrafficFile> TrafficFiles => Set<TrafficFile>();

    public DbSet<TrafficClient> TrafficClients => Set<TrafficClient>();

    public DbSet<FetchedPart> FetchedParts => Set<FetchedPart>();

    public DbSet<FetchedSet> FetchedSets => Set<FetchedSet>();

    public DbSet<TrafficSalt> TrafficSalts => Set<TrafficSalt>();

    public DbSet<LineageEdge> LineageEdges => Set<LineageEdge>();

    public DbSet<TensorDigest> Tensors => Set<TensorDigest>();

    public DbSet<TensorReading> TensorReadings => Set<TensorReading>();

    public DbSet<Leaderboard> Leaderboards => Set<Leaderboard>();

    public DbSet<Submission> Submissions => Set<Submission>();

    public DbSet<ModelConversion> Conversions => Set<ModelConversion>();

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
        MapDiscussions(model);
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
        MapEvents(model);
        model.Entity<Gate>().Ignore(g => g.ReacceptOnWire).HasKey(g => g.RepoId);
        model.Entity<Gate>().Property(g => g.Reaccept).HasConversion(r => r.ToWire(), text => GateWords.ReadReaccept(text));
        model.Entity<Gate>().Property(g => g.DomainRule).HasConversion(r => r.ToWire(), text => GateWords.ReadDomainRule(text));
        model.Entity<CollectionGate>().HasKey(g => g.CollectionId);
        model.Entity<CollectionGate>().Property(g => g.Mode).HasConversion(new GateModeConverter());
        model.Entity<GateText>().HasKey(t => t.Sha256);
        model.Entity<AccessRequest>().Property(a => a.State).HasConversion(new AccessStateConverter());
        model.Entity<GatedDownload>().Property(d => d.Way).HasConversion(way => way.ToWire(), text => DownloadWays.Parse(text));
        model.Entity<ModelConversion>().Ignore(c => c.IsUnderWay).Property(c => c.State).HasConversion(state => state.ToWire(), name => ConversionWords.Parse(name));
        MapTraffic(model);
        MapLineage(model);
        MapLeaderboards(model);
        var facts = model.Entity<StoredFacts>().ToTable("hub_stored_facts");
        facts.HasKey(f => f.RepoId);
        if (Database.IsNpgsql())
        {
            facts.Property(f => f.Facts).HasColumnType("jsonb");
            model.Entity<Gate>().Property(g => g.Fields).HasColumnType("jsonb");
            model.Entity<CollectionGate>().Property(g => g.Content).HasColumnType("jsonb");
            model.Entity<Gate>().Property(g => g.Domains).HasColumnType("jsonb");
            model.Entity<AccessRequest>().Property(a => a.Answers).HasColumnType("jsonb");
            model.Entity<Sweep>().Property(s => s.Report).HasColumnType("jsonb");
        }
    }

    private void MapEvents(ModelBuilder model)
    {
        model.Entity<RepoEvent>().Ignore(e => e.FullName);
        model.Entity<RepoEvent>().Property(e => e.Type).HasConversion(t => t.Singular(), name => RepoTypes.FromSingular(name) ?? RepoType.Model);
        model.Entity<RepoEvent>().Property(e => e.Kind).HasConversion(kind => kind.ToWire(), name => ChangeKinds.Parse(name));
        model.Entity<Webhook>().Property(w => w.State).HasConversion(state => state.ToWire(), name => WebhookStates.Parse(name));
        model.Entity<WebhookWatch>().HasKey(w => new { w.WebhookId, w.Type, w.NameLower });
        model.Entity<WebhookWatch>().HasOne<Webhook>().WithMany().HasForeignKey(w => w.WebhookId); // saved after its webhook
        model.Entity<WebhookDelivery>().Property(d => d.State).HasConversion(state => state.ToWire(), name => DeliveryStates.Parse(name));
        model.Entity<Collection>().Ignore(c => c.Slug).Ignore(c => c.Href);
        model.Entity<CollectionItem>().HasOne<Collection>().WithMany().HasForeignKey(i => i.CollectionId); // saved after its collection
        model.Entity<CollectionUpvote>().HasKey(v => new { v.CollectionId, v.UserId });
        model.Entity<Notification>().Property(n => n.Reason).HasConversion(reason => reason.ToWire(), name => NotificationReasons.Parse(name) ?? NotificationReason.Discussion);
        model.Entity<Notification>().Property(n => n.Mail).HasConversion(mail => mail.ToString().ToLowerInvariant(), name => Enum.Parse<NotificationMail>(name, true));
        model.Entity<NotificationChoice>().HasKey(c => new { c.UserId, c.Reason });
        model.Entity<Derivation>().HasKey(d => new { d.BaseId, d.RepoId });
        model.Entity<RepoWatch>().HasKey(w => new { w.RepoId, w.UserId });
        if (Database.IsNpgsql())
        {
            model.Entity<RepoEvent>().Property(e => e.Details).HasColumnType("jsonb");
        }
    }

    // Each is saved after what it belongs to.
    private static void MapDiscussions(ModelBuilder model)
    {
        var discussion = model.Entity<Discussion>();
        discussion.Property(d => d.Status).HasConversion(status => status.ToWire(), name => DiscussionStatuses.Parse(name));
        discussion.Ignore(d => d.MergedAs).Ignore(d => d.RefName).Ignore(d => d.IsUnderWay).Ignore(d => d.Noun);
        model.Entity<DiscussionEvent>().HasOne<Discussion>().WithMany().HasForeignKey(e => e.DiscussionId);
        model.Entity<Comment>().Ignore(c => c.IsHidden).HasOne<DiscussionEvent>().WithOne().HasForeignKey<Comment>(c => c.Id);
        model.Entity<CommentEdit>().HasKey(e => new { e.CommentId, e.Number });
        model.Entity<CommentEdit>().HasOne<Comment>().WithMany().HasForeignKey(e => e.CommentId);
        model.Entity<Reaction>().HasKey(r => new { r.CommentId, r.UserId, r.Emoji });
    }

    private static void MapLineage(ModelBuilder model)
    {
        model.Entity<LineageEdge>().HasKey(e => new { e.ChildId, e.Evidence, e.Relation, e.ParentType, e.ParentPath });
        model.Entity<TensorDigest>().HasKey(t => new { t.Digest, t.RepoId });
        model.Entity<TensorReading>().HasKey(r => r.RepoId);
    }

    private static void MapLeaderboards(ModelBuilder model)
    {
        model.Entity<Leaderboard>().Ignore(l => l.Href).Property(l => l.Scale).HasConversion(scale => scale.ToWire(), text => ScoreScales.Parse(text));
        model.Entity<Submission>().Ignore(s => s.Standing);
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
