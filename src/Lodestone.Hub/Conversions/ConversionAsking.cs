using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Takes a wish for a GGUF file, if it can be fulfilled as far as the repository's list of files tells.</summary>
internal sealed class ConversionAsking(HubDb db, RepoStore store, StorageQuota quota, Tasks tasks, TimeProvider clock)
{
    private const string Ending = ".gguf";

    /// <param name="source">Whose content the caller may have.</param>
    /// <param name="target">That the caller may change.</param>
    /// <exception cref="Refusal"><c>unprocessable</c>, <c>forbidden</c>, <c>revision_not_found</c>, <c>conflict</c> or <c>storage_quota_exceeded</c>.</exception>
    public async Task<ModelConversion> AskAsync(Repo source, Repo target, NewConversion asked, Caller caller, CancellationToken cancel)
    {
        RequireAllowed(source, target, caller);
        var git = store.Open(source.Id);
        var commit = RevisionPath.OfRevision(git, asked.Revision ?? RepoView.MainBranch).Commit;
        RequireWeights(new RepoTree(git, commit), asked.Source);
        await quota.RequireWritableAsync(target, cancel);
        var type = ConversionWords.TypeOf(asked.Type);
        var made = new ModelConversion
        {
            Id = PublicId.New(clock),
            RepoId = source.Id,
            TargetId = target.Id,
            CommitId = commit.ToString(),
            Source = asked.Source,
            Type = type,
            Path = PathOf(asked.Path ?? $"{source.Name}{(type is null ? "" : $"-{type}")}{Ending}"),
            AskedBy = caller.Id,
            AskedAt = clock.GetUtcNow(),
        };
        db.Conversions.Add(made);
        if (!await db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"{made.Path} is being made for {target.FullName} already. Wait for it, cancel it, or choose another path.") { Param = "path" };
        }

        await tasks.ScheduleAsync(ModelConversions.TaskKind, made.Id.ToString(), clock.GetUtcNow(), new { }, cancel);
        return made;
    }

    private static void RequireAllowed(Repo source, Repo target, Caller caller)
    {
        if (caller.Kind is not CallerKind.User)
        {
            throw new Refusal(RefusalCode.Forbidden, "The file is committed in a person's name: ask with a user's token.");
        }

        if (source.Type is not RepoType.Model || target.Type is not RepoType.Model)
        {
            throw new Refusal(RefusalCode.Unprocessable, "Only models are converted, into models.");
        }

        if (target.Id != source.Id && ((source.IsPrivate && !target.IsPrivate) || (source.Gate is not null && target.Gate is null && !target.IsPrivate)))
        {
            throw new Refusal(RefusalCode.Forbidden, $"{target.FullName} is open to more people than {source.FullName}. Choose a repository that is private or gated as well.") { Param = "repository" };
        }
    }

    private static void RequireWeights(RepoTree tree, string? source)
    {
        if (source is not null)
        {
            if (!source.EndsWith(Ending, StringComparison.Ordinal) || tree.Find(CleanPath.Of(source)) is not { IsFolder: false })
            {
                throw new Refusal(RefusalCode.Unprocessable, $"\"source\" must be a GGUF file of that revision. Leave it out to convert safetensors.") { Param = "source" };
            }

            return;
        }

        if (tree.Find("config.json") is null || !ConversionFiles.Weights.Any(name => tree.Find(name) is not null))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"There is nothing to convert: the revision needs config.json and {string.Join(" or ", ConversionFiles.Weights)} at its top, or name a GGUF file as \"source\".");
        }
    }

    private static string PathOf(string path) => CleanPath.Of(path) is var clean && clean.EndsWith(Ending, StringComparison.Ordinal)
        ? clean
        : throw new Refusal(RefusalCode.Unprocessable, $"\"path\" must end with {Ending}.") { Param = "path" };
}
