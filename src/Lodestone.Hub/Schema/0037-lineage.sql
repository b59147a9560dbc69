-- What was made from what: by a card's word (declared), or by tensors that are the same (inferred). The parent may be elsewhere, or gone:
-- then its name and licence stay.
create table hub_lineage_edge (
    child_id uuid not null references hub_repo (id) on delete cascade,
    evidence text not null check (evidence in ('declared', 'inferred')),
    relation text not null check (relation in ('finetune', 'adapter', 'merge', 'quantized', 'distilled', 'trained-on', 'evaluated-on', 'derived')),
    parent_type text not null,
    parent_path text not null, -- owner/name in lower case
    parent_name text not null,
    parent_id uuid, -- null: not on this server
    parent_license text,
    gone_at timestamptz, -- since when the parent is deleted
    per_mille bigint, -- inferred: how much of the child's bytes are the parent's
    created_at timestamptz not null,
    primary key (child_id, evidence, relation, parent_type, parent_path)
);
create index hub_lineage_edge_parent on hub_lineage_edge (parent_id);
create index hub_lineage_edge_path on hub_lineage_edge (parent_type, parent_path);

-- The tensors of each repository by what is in them, to find which are the same.
create table hub_tensor_digest (
    digest text not null,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    bytes bigint not null,
    primary key (digest, repo_id)
);
create index hub_tensor_digest_repo on hub_tensor_digest (repo_id);
create table hub_tensor_reading (
    repo_id uuid primary key references hub_repo (id) on delete cascade,
    source text not null, -- which files were read
    bytes bigint not null -- of all tensors that can be compared
);
