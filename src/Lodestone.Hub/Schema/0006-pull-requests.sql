-- Pull requests are numbered per repository, from 1; a number is never given twice.
alter table hub_repo add column last_number bigint not null default 0;

-- Changes that somebody proposes. Their commits are in git, under refs/pr/{number}.
create table hub_pull_request (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    number bigint not null,
    title text not null,
    description text not null,
    author_id uuid not null,
    base text not null, -- the branch that it is meant for, in full
    created_at timestamptz not null,
    primary key (repo_id, number)
);
create index hub_pull_request_author on hub_pull_request (author_id, created_at);
