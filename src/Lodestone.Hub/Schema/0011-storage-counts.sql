-- What is stored for a repository, a namespace and the whole server, as it was counted last. All but the first two are bytes.
create table hub_storage_count (
    id uuid primary key, -- of the repository or namespace; zeros: the server
    scope text not null check (scope in ('repository', 'namespace', 'server')),
    files bigint not null,
    logical bigint not null, -- of the large files, each once for each repository that holds it
    stored bigint not null, -- on disk, of what these files need, each byte once
    shared bigint not null, -- of these, what others in the next larger scope need as well
    waiting bigint not null, -- of the large files, what no reference reaches
    due bigint not null, -- of these, what has waited long enough
    counted_at timestamptz not null
);
create index hub_storage_count_largest on hub_storage_count (scope, stored);

-- Reclaims that somebody asked for or that came by themselves, and what they found and did.
create table hub_sweep (
    id uuid primary key,
    is_dry_run boolean not null,
    asked_at timestamptz not null,
    ended_at timestamptz, -- null: not yet
    report jsonb -- null: not yet
);
create index hub_sweep_asked_at on hub_sweep (asked_at);
