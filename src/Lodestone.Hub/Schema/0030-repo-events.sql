-- What happened to repositories, in order: what webhooks tell and what feeds show. Written in the same save as the change. A row
-- says how the repository was then, and stays when the repository goes.
create table hub_repo_event (
    id uuid primary key,
    repo_id uuid not null,
    number bigint not null, -- from 1, per repository
    type text not null,
    owner_id uuid not null,
    owner_name text not null,
    name text not null,
    is_private boolean not null,
    head_sha text, -- of main
    scope text not null,
    kind text not null,
    actor_id uuid not null, -- zeros: the server itself
    at timestamptz not null,
    details jsonb not null,
    is_sent_on boolean not null, -- to the queues of webhooks
    unique (repo_id, number)
);
create index hub_repo_event_not_sent_on on hub_repo_event (repo_id, number) where not is_sent_on;
create index hub_repo_event_owner on hub_repo_event (owner_id, at);
create index hub_repo_event_actor on hub_repo_event (actor_id, at);
create index hub_repo_event_at on hub_repo_event (at);
