-- What models are compared by: a metric on one revision of a data set.
create table hub_leaderboard (
    id uuid primary key,
    owner_id uuid not null,
    owner_name text not null,
    title text not null,
    title_lower text not null,
    description text,
    dataset_id uuid not null references hub_repo (id) on delete cascade,
    dataset_revision text not null, -- a full commit id
    metric text not null,
    higher_is_better boolean not null,
    scale text not null check (scale in ('any', 'fraction', 'percent')),
    created_by uuid not null,
    created_at timestamptz not null,
    unique (owner_id, title_lower)
);
create index hub_leaderboard_dataset on hub_leaderboard (dataset_id);
create index hub_leaderboard_created on hub_leaderboard (created_at);

-- A score that somebody says one revision of a model has there. Never changed; its verification comes and goes.
create table hub_submission (
    id uuid primary key,
    leaderboard_id uuid not null references hub_leaderboard (id) on delete cascade,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    revision text not null, -- a full commit id
    harness text not null,
    harness_version text not null,
    score double precision not null,
    standard_error double precision,
    samples bigint,
    source_url text,
    submitted_by uuid not null,
    submitted_at timestamptz not null,
    verified_by uuid, -- for the leaderboard's owner; null: nobody yet
    verified_at timestamptz,
    unique (leaderboard_id, repo_id, revision, harness, harness_version, submitted_by)
);
create index hub_submission_repo on hub_submission (repo_id);
