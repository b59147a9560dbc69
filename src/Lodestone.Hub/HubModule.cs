using Lodestone.Billing;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Ui;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lodestone.Hub;

/// <summary>The module's table of contents.</summary>
public static class HubModule
{
    private const long ObjectCacheBytes = 64 * 1024 * 1024;
    private const int OpenRepositories = 500;

    /// <summary>Bytes of a JSON body; files and commits are streamed and have no such limit.</summary>
    internal const long MaxBody = 16 * 1024 * 1024;

    public static IServiceCollection AddHub(this IServiceCollection services)
    {
        services.AddModuleDb<HubDb>("hub");
        RouteWords.AddTo(services);
        services.Configure<Microsoft.AspNetCore.Http.Json.JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, HubJson.Default));
        services.AddSingleton<Settling>();
        services.AddHostedService(p => p.GetRequiredService<Settling>());
        services.AddSingleton(p => new GitRepositories(new ObjectCache(ObjectCacheBytes), OpenRepositories, p.GetRequiredService<Settling>()));
        services.AddSingleton<UploadPack>();
        services.AddSingleton(new PushLimits());
        services.AddTaskHandler<Repacking>(Repacking.Kind);
        services.AddHostedService<Sweeping>();
        services.AddSingleton<RepoStore>();
        services.AddLargeFiles();
        services.AddSingleton<RepoContent>();
        services.AddSingleton<RepoFactsReader>();
        services.AddOptions<HubOptions>().BindConfiguration("Hub")
            .Validate(options => options.IsValid, "A setting under Hub is out of its range.").ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<HubOptions>>().Value);
        services.AddSingleton<LinkKeys>();
        services.AddSingleton<UploadParts>();
        services.AddSingleton<ReposLately>();
        services.AddSingleton<HeldLately>();
        services.AddEventHandler<RepoDeleted, ForgetDeletedRepo>();
        services.AddTraffic();
        services.AddLineage();
        services.AddLeaderboards();
        services.AddScoped<StorageQuota>();
        services.AddScoped<HeldFiles>();
        services.AddStorageKeeping();
        services.AddTaskHandler<AbandonedUploads>(AbandonedUploads.Kind);
        services.AddTaskHandler<StorageSampling>(StorageSampling.Kind);
        services.AddHostedService<StorageCare>();
        services.AddScoped<LfsAnswers>();
        services.AddScoped<LargeFileIntake>();
        services.AddGates();
        services.AddScoped<RepoAccess>();
        services.AddSingleton<HeadMoves>();
        services.AddScoped<RepoRefresh>();
        services.AddScoped<RepoRelations>();
        services.AddScoped<RepoSummaries>();
        services.AddSearch();
        services.AddScoped<RepoListing>();
        services.AddScoped<Committing>();
        services.AddScoped<Pushing>();
        services.AddCommunity();
        services.AddScoped<NewRepos>();
        services.AddScoped(p => new Models(p.GetRequiredService<HubDb>(), p.GetRequiredService<RepoStore>(), p.GetRequiredService<RepoFactsReader>(), p.GetRequiredService<Gates>()));
        services.AddEventHandler<RepoPublished, PricedModels>(lastOf: e => e.RepoId);
        services.AddConversions();
        services.AddPages();
        services.AddNews();
        return services.AddXet();
    }

    public static IEndpointRouteBuilder MapHub(this IEndpointRouteBuilder routes)
    {
        var hub = routes.MapGroup("").WithErrorShape(ErrorShape.Hub).WithMetadata(new RequestSizeLimitAttribute(MaxBody));
        hub.MapCreateRepo();
        hub.MapRepoAdministration();
        hub.MapRepoList();
        hub.MapTagsByType();
        hub.MapQuickSearch();
        hub.MapUserLikes();
        hub.MapOwnedRepos();
        hub.MapValidateCard();
        hub.MapUnknownRepo();
        routes.MapGroup("").WithErrorShape(ErrorShape.Lfs).WithMetadata(new RequestSizeLimitAttribute(MaxBody)).MapLargeFileTransfer();
        hub.MapWebhooks();
        routes.MapUnsubscribe();
        hub.MapCollections();
        routes.MapLeaderboards();
        routes.MapGates();
        routes.MapCollectionGates();
        routes.MapStorage();
        routes.MapSweeps();
        routes.MapTakeDowns();
        var repo = hub.MapGroup("/api/{type:repoType}/{owner}/{name}");
        repo.MapRepoInfo();
        repo.MapRepoSettings();
        repo.MapTreeListing();
        repo.MapPathsInfo();
        repo.MapTreeSize();
        repo.MapDuplicateRepo();
        repo.MapConvertModel();
        repo.MapArchive();
        repo.MapLikes();
        repo.MapMetrics();
        repo.MapReach();
        repo.MapWatches();
        repo.MapDiscussions();
        repo.MapRefs();
        repo.MapHistory();
        repo.MapSuperSquash();
        repo.MapCompare();
        repo.MapPreupload();
        repo.MapLfsFiles();
        repo.MapCommitUpload();
        repo.MapXetTokens();
        repo.MapAccessRequests();
        repo.MapDatasetLeaderboard();
        foreach (var place in (string[])["/{owner:account}/{name}", "/{type:repoPrefix}/{owner}/{name}"])
        {
            hub.MapGroup(place).MapResolve();
            hub.MapGroup(place).MapAskAccess();
            routes.MapGroup(place).WithErrorShape(ErrorShape.Lfs).WithMetadata(new RequestSizeLimitAttribute(MaxBody)).WithBasicChallenge().MapLfsBatch();
            var git = routes.MapGroup(place).WithErrorShape(ErrorShape.Text).WithBasicChallenge();
            git.MapGitReading();
            git.MapGitWriting();
        }

        routes.MapXet();
        return routes;
    }

    private static void AddPages(this IServiceCollection services)
    {
        services.AddScoped<RepoCare>();
        services.AddStanding();
        services.AddScoped<FileEdits>();
        services.AddScoped<UploadForm>();
        services.AddScoped<RepoStorage>();
        services.AddScoped<FileStorage>();
        services.AddSingleton<CodeColours>();
        services.AddScoped<RepoViews>();
        services.AddScoped<RepoLists>();
        services.AddScoped<ListFacets>();
        services.AddScoped<ProfileCards>();
        services.AddScoped<ModelFamily>();
        services.AddScoped<RepoTies>();
        services.AddScoped<NamespaceContent>();
        services.AddScoped<CountContent>(p => p.GetRequiredService<NamespaceContent>().CountAsync);
        services.AddSingleton(new NavItem("Models", "/models", 10, NavAudience.Everyone));
        services.AddSingleton(new NavItem("Data sets", "/datasets", 11, NavAudience.Everyone));
        services.AddSingleton(new NavItem("Spaces", "/spaces", 12, NavAudience.Everyone));
        services.AddSingleton(new NavItem("Storage", "/admin/storage", 40, NavAudience.Administrator));
    }

    private static void AddNotifications(this IServiceCollection services)
    {
        services.AddScoped<Notifying>();
        services.AddScoped<Notices>();
        services.AddScoped<NotificationChoices>();
        services.AddSingleton<UnsubscribeLinks>();
        services.AddSingleton<INoticeCount, UnreadNotices>();
        services.AddTaskHandler<NotificationMails>(NotificationMails.Kind);
        services.AddEventHandler<WebhookSuspended, TellOfSuspension>();
        services.AddEventHandler<AccessChanged, TellOfAccess>();
        services.AddEventHandler<AlertRaised, TellOfAlert>();
        services.AddEventHandler<DiscussionChanged, TellOfDiscussion>();
        services.AddEventHandler<CommentChanged, TellOfComment>();
        services.AddScoped<DiscussionReaders>();
        services.AddEventHandler<DerivativeDeclared, TellOfDerivative>();
        services.AddTaskHandler<DerivationDigest>(DerivationDigest.Kind);
        services.AddSingleton(new SettingsPage("Notifications", "/settings/notifications", "bell", 25));
    }

    // What tells people and programs of each other's work.
    private static void AddNews(this IServiceCollection services)
    {
        services.AddScoped<Collections>();
        services.AddScoped<CollectionLists>();
        services.AddScoped<Feed>();
        services.AddSingleton(new NavItem("Collections", "/collections", 50, NavAudience.SignedIn, NavPlace.Menu));
        services.AddSingleton<WebhookSecrets>();
        services.AddScoped<Webhooks>();
        services.AddEventHandler<RepoChanged, WebhookQueue>(lastOf: e => e.RepoId);
        services.AddEventHandler<DiscussionChanged, RecordDiscussion>();
        services.AddEventHandler<CommentChanged, RecordComment>();
        services.AddTaskHandler<WebhookSending>(WebhookSending.Kind);
        services.AddSingleton(new SettingsPage("Webhooks", "/settings/webhooks", "bolt", 30));
        services.AddNotifications();
    }

    private static void AddGates(this IServiceCollection services)
    {
        services.AddSingleton<GrantsLately>();
        services.AddSingleton<GateMemory>();
        services.AddSingleton<AddressDatabase>();
        services.AddSingleton<Origins>();
        services.AddSingleton<GatedDownloads>();
        services.AddHostedService(p => p.GetRequiredService<GatedDownloads>());
        services.AddTaskHandler<StaleRequests>(StaleRequests.Kind);
        services.AddTaskHandler<LicencesDue>(LicencesDue.Kind);
        services.AddHostedService<GateCare>();
        services.AddScoped<Gates>();
        services.AddScoped<GateEditing>();
        services.AddScoped<GateMembers>();
        services.AddScoped<CollectionGates>();
        services.AddScoped<GateViews>();
        services.AddScoped<GatePlaces>();
        services.AddScoped<AccessBoards>();
        services.AddScoped<AccessAsking>();
        services.AddScoped<AccessDeciding>();
        services.AddScoped<AccessLists>();
        services.AddScoped<DownloadLists>();
    }

    // What people write to each other about a repository.
    private static void AddCommunity(this IServiceCollection services)
    {
        services.AddScoped<Discussions>();
        services.AddScoped<Comments>();
        services.AddScoped<DiscussionAccess>();
        services.AddScoped<DiscussionLists>();
        services.AddScoped<DiscussionAnswers>();
        services.AddScoped<Conversations>();
        services.AddSingleton<CommentText>();
        services.AddScoped<ProposedCommits>();
        services.AddScoped<PullRequests>();
        services.AddScoped<MergeChecks>();
        services.AddScoped<Merging>();
        services.AddScoped<Resolving>();
        services.AddScoped<DiscussionViews>();
    }

    private static void AddStanding(this IServiceCollection services)
    {
        services.AddScoped<Archiving>();
        services.AddScoped<TakeDowns>();
        services.AddSingleton(new NavItem("Take-downs", "/admin/takedowns", 41, NavAudience.Administrator));
    }

    private static IServiceCollection AddXet(this IServiceCollection services)
    {
        services.AddHashFolder(XorbStore.Folder);
        services.AddSingleton<XorbStore>();
        services.AddScoped<XetTokens>();
        services.AddScoped<XetTransfer>();
        services.AddScoped<XorbAccess>();
        services.AddScoped<XorbEntry>();
        services.AddScoped<ChunkedFiles>();
        services.AddScoped<ShardIntake>();
        services.AddScoped<ChunkAnswers>();
        return services;
    }

    private static void AddTraffic(this IServiceCollection services)
    {
        services.AddSingleton<KnownWeightSets>();
        services.AddSingleton<TrafficLog>();
        services.AddHostedService(p => p.GetRequiredService<TrafficLog>());
        services.AddScoped<TrafficSalts>();
        services.AddScoped<TrafficWriting>();
        services.AddScoped<Metrics>();
        services.AddScoped<Reach>();
        services.AddTaskHandler<TrafficCare>(TrafficCare.Kind);
        services.AddTaskHandler<EgressMetering>(EgressMetering.Kind);
        services.AddHostedService<TrafficStart>();
    }

    private static void AddConversions(this IServiceCollection services)
    {
        services.AddSingleton<ConversionFiles>();
        services.AddScoped<ConversionAsking>();
        services.AddScoped<ConversionResults>();
        services.AddScoped(p => new ModelConversions(
            p.GetRequiredService<HubDb>(), p.GetRequiredService<ConversionFiles>(), p.GetRequiredService<ConversionResults>(), p.GetRequiredService<TimeProvider>()));
        services.AddHostedService<ConversionStart>();
    }

    private static void AddLineage(this IServiceCollection services)
    {
        services.AddEventHandler<RepoPublished, LineageKeeping>(lastOf: e => e.RepoId);
        services.AddEventHandler<RepoChanged, LineageKeeping>(lastOf: e => (e.RepoId, e.Scope, e.Kind));
        services.AddEventHandler<RepoDeleted, LineageKeeping>();
        services.AddTaskHandler<LineageInference>(LineageInference.Kind);
        services.AddTaskHandler<LineageRebuilding>(LineageRebuilding.Kind);
        services.AddHostedService<LineageStart>();
        services.AddScoped<Lineage>();
        services.AddSingleton(LicenceFacts.Shipped());
    }

    private static void AddLeaderboards(this IServiceCollection services)
    {
        services.AddScoped<Leaderboards>();
        services.AddScoped<LeaderboardLists>();
        services.AddScoped<Submissions>();
        services.AddScoped<RepoScores>();
        services.AddSingleton(new NavItem("Leaderboards", "/leaderboards", 51, NavAudience.SignedIn, NavPlace.Menu));
    }

    private static void AddSearch(this IServiceCollection services)
    {
        services.AddSingleton<RepoCatalogue>();
        services.AddSingleton<FullText>();
        services.AddScoped<WideSearch>();
        services.AddEventHandler<RepoPublished, SearchIndexing>(lastOf: e => e.RepoId);
        services.AddTaskHandler<SearchRebuilding>(SearchRebuilding.Kind);
        services.AddHostedService<SearchCare>();
    }

    // Below /xet/, so that no alias is taken for a repository; with tokens of their own.
    private static void MapXet(this IEndpointRouteBuilder routes)
    {
        var xet = routes.MapGroup(Xet.Place).WithErrorShape(ErrorShape.Hub).WithOwnAuthority();
        xet.MapXorbUpload();
        xet.MapShardUpload();
        xet.MapReconstructions();
        xet.MapXorbData();
        xet.MapDeduplication();
        xet.MapUnknownXet();
        routes.MapXetTelemetry();
    }

    private static void AddLargeFiles(this IServiceCollection services)
    {
        services.AddSingleton<KnownFiles>();
        services.AddHashFolder(FileCopies.Folder);
        services.AddSingleton(p => new FileCopies(p.GetRequiredKeyedService<HashFolder>(FileCopies.Folder), p.GetRequiredService<TimeProvider>()));
        services.AddHostedService<CopyCare>();
        services.AddSingleton<LargeFiles>();
        services.AddSingleton(p => new ModelWeights(p.GetRequiredService<LargeFiles>()));
        services.AddSingleton<XorbLinks>();
        services.AddScoped<ReadableFiles>();
    }
}
