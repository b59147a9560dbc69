-- Whoever runs a repository may want none: what is there stays readable.
alter table hub_repo add column discussions_disabled boolean not null default false;

-- Discussions and pull requests, which are discussions with commits under refs/pr/{number}. Both are numbered together.
create table hub_discussion (
    id uuid primary key,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    number bigint not null,
    is_pull_request boolean not null,
    title text not null,
    title_lower text not null, -- for searching without case
    status text not null check (status in ('draft', 'open', 'closed', 'merged')),
    author_id uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null, -- of the last event
    is_pinned boolean not null default false,
    is_locked boolean not null default false,
    events bigint not null, -- how many it has had, the last one's position
    comments bigint not null, -- how many of them are comments
    base text, -- of a pull request: the branch that it is meant for, in full
    head text, -- of a pull request: the newest commit that its events tell of
    merged_onto text, -- where the base was when it was merged
    merge_commit text, -- where the base was then
    unique (repo_id, number)
);
create index hub_discussion_status on hub_discussion (repo_id, status);
create index hub_discussion_author on hub_discussion (author_id, created_at);

-- What happened to a discussion, in order. The first is always the comment that opens it.
create table hub_discussion_event (
    id uuid primary key,
    discussion_id uuid not null references hub_discussion (id) on delete cascade,
    position bigint not null, -- from 1
    kind text not null,
    author_id uuid not null,
    created_at timestamptz not null,
    value text not null, -- the new title or status, the commit's id, true or false
    detail text, -- the old title, the reason, the commit's title
    unique (discussion_id, position)
);

-- The text of an event that is a comment.
create table hub_comment (
    id uuid primary key references hub_discussion_event (id) on delete cascade,
    discussion_id uuid not null references hub_discussion (id) on delete cascade,
    text text not null, -- Markdown; empty once it is hidden
    edits bigint not null,
    updated_at timestamptz not null,
    updated_by uuid not null,
    hidden_by uuid
);
create index hub_comment_discussion on hub_comment (discussion_id);

-- What a comment said before each edit.
create table hub_comment_edit (
    comment_id uuid not null references hub_comment (id) on delete cascade,
    number bigint not null, -- from 1, the oldest
    text text not null,
    author_id uuid not null,
    written_at timestamptz not null,
    primary key (comment_id, number)
);

create table hub_reaction (
    comment_id uuid not null references hub_comment (id) on delete cascade,
    user_id uuid not null,
    emoji text not null,
    discussion_id uuid not null references hub_discussion (id) on delete cascade,
    created_at timestamptz not null,
    primary key (comment_id, user_id, emoji)
);
create index hub_reaction_discussion on hub_reaction (discussion_id);
