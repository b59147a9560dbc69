-- GGUF files that somebody had made of a model's weights.
create table hub_model_conversion (
    id uuid primary key,
    repo_id uuid not null references hub_repo (id) on delete cascade, -- whose weights
    target_id uuid not null references hub_repo (id) on delete cascade, -- where the file is committed
    commit_id text not null, -- of the weights
    source text, -- a GGUF file to quantise; null: safetensors
    type text, -- null: as the weights are stored
    path text not null, -- of the file
    asked_by uuid not null,
    asked_at timestamptz not null,
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    progress double precision not null, -- 0 to 1
    error text,
    result_commit text,
    ended_at timestamptz
);
create index hub_model_conversion_repo on hub_model_conversion (repo_id, asked_at);
create unique index hub_model_conversion_one on hub_model_conversion (target_id, path) where state in ('waiting', 'running');
