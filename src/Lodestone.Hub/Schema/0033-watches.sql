-- Users who want to hear of a repository.
create table hub_repo_watch (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    user_id uuid not null,
    created_at timestamptz not null,
    primary key (repo_id, user_id)
);
create index hub_repo_watch_user on hub_repo_watch (user_id, created_at);
