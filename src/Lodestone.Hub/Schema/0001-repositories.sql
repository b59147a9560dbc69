create table hub_repo (
    id uuid primary key,
    type text not null check (type in ('model', 'dataset', 'space')),
    owner_id uuid not null,
    owner_name text not null,
    name text not null,
    path_lower text not null, -- owner/name, for comparing without case
    is_private boolean not null,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null, -- of the newest commit on main
    downloads bigint not null default 0,
    likes bigint not null default 0,
    pipeline_tag text,
    library_name text,
    is_servable boolean not null default false, -- has a GGUF file on main
    unique (type, path_lower)
);
create index hub_repo_owner on hub_repo (owner_id, created_at);
create index hub_repo_downloads on hub_repo (type, downloads);
create index hub_repo_updated on hub_repo (type, updated_at);

-- What the files of main say, derived anew whenever main moves.
create table hub_stored_facts (
    repo_id uuid primary key references hub_repo (id) on delete cascade,
    commit_id text not null,
    facts jsonb not null
);

create table hub_repo_tag (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    tag text not null,
    primary key (repo_id, tag)
);
create index hub_repo_tag_tag on hub_repo_tag (tag, repo_id);

-- Where a repository was before it moved.
create table hub_repo_alias (
    type text not null,
    path_lower text not null,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    primary key (type, path_lower)
);

-- Which large files a repository holds. The bytes are in the blob store once, whoever uploaded them.
create table hub_lfs_object (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    sha256 text not null,
    size bigint not null,
    created_at timestamptz not null,
    primary key (repo_id, sha256)
);

-- Signs upload and download links. More than one while keys are being changed.
create table hub_link_key (
    id uuid primary key,
    secret bytea not null,
    created_at timestamptz not null
);
