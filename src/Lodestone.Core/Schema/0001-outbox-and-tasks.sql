create table core_outbox (
    id uuid primary key,
    type text not null,
    payload jsonb not null,
    created_at timestamptz not null,
    tries bigint not null default 0,
    due_at timestamptz not null
);
create index core_outbox_due on core_outbox (due_at, id);

-- A task is about a row (an endpoint, a schedule, a repository to repack) and is claimed again and again.
create table core_leased_task (
    id uuid primary key,
    kind text not null,
    key text not null,
    due_at timestamptz not null,
    owner uuid,
    epoch bigint not null default 0,
    leased_until timestamptz not null,
    tries bigint not null default 0,
    last_error text,
    payload jsonb not null,
    unique (kind, key)
);
create index core_leased_task_due on core_leased_task (kind, due_at);
