using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Takes a repository's rows from one commit of main to the next where the facts are the same, and tells of it: what an ordinary
/// commit costs in the database. By hand, because mapping objects would cost several times as much.
/// </summary>
internal sealed class HeadMoves(Database database, Announcements announcements, TimeProvider clock)
{
    private const string Main = RefName.Branches + "main";

    /// <summary>Does not wait for the disk: the rows can be told again from git. Not cancellable: the commit is made.</summary>
    /// <returns>False when the rows are not at the commit just before, or main has moved again: another may have touched something.</returns>
    public async Task<bool> MoveAsync(Repo repo, GitRepository git, ObjectId made, Guid actorId)
    {
        if (git.Objects.Commit(made).Parents is not [var parent])
        {
            return false;
        }

        var isMoved = await database.WriteAsync(
            DatabaseFile.Main, Durability.Process, sql => MoveAsync(sql, repo, git, parent, made, actorId, CancellationToken.None), CancellationToken.None);
        announcements.Wake();
        return isMoved;
    }

    private async Task<bool> MoveAsync(Statements sql, Repo repo, GitRepository git, ObjectId parent, ObjectId made, Guid actorId, CancellationToken cancel)
    {
        var (before, now, at) = (parent.ToString(), made.ToString(), clock.GetUtcNow());

        // Of the repository first, because that locks its row, which puts its events in order.
        if (await sql.ExecuteAsync($"update hub_repo set updated_at = {database.Instant(at)} where id = {repo.Id}", cancel) == 0
            || git.References.Find(Main) != made
            || await sql.ExecuteAsync($"update hub_stored_facts set commit_id = {now} where repo_id = {repo.Id} and commit_id = {before}", cancel) == 0)
        {
            return false;
        }

        var (eventId, happened) = (Guid.CreateVersion7(at), RepoEvents.Updated([new RefUpdate(Main, parent, made)], actorId, now));
        await sql.ExecuteAsync(
            $"""
            insert into hub_repo_event (id, repo_id, number, type, owner_id, owner_name, name, is_private, head_sha, scope, kind, actor_id, at, details, is_sent_on)
            select {eventId}, id, (select coalesce(max(number), 0) + 1 from hub_repo_event where repo_id = {repo.Id}), type, owner_id, owner_name, name, is_private, {now},
                {happened.Scope}, {happened.Kind.ToWire()}, {actorId}, {database.Instant(at)}, {new JsonText(happened.Details.ToJson())}, {false}
            from hub_repo where id = {repo.Id}
            """,
            cancel);
        await announcements.AddAsync(sql, new RepoPublished(repo.Id, repo.FullName, now), cancel);
        await announcements.AddAsync(sql, new RepoChanged(repo.Id, eventId, happened.Scope, happened.Kind, happened.Details.UpdatedRefs, actorId), cancel);
        return true;
    }
}
