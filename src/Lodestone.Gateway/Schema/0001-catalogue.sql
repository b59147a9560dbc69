create table gateway_catalogue_entry (
    id uuid primary key,
    owner_id uuid not null,
    name text not null,
    name_lower text not null unique,
    kind text not null,
    repo_id uuid,
    is_public boolean not null,
    description text not null,
    context_length bigint not null,
    max_output bigint not null,
    features bigint not null,
    data_policy text not null,
    retires_at timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index gateway_catalogue_entry_owner on gateway_catalogue_entry (owner_id);

create table gateway_remote_backend (
    id uuid primary key,
    entry_id uuid not null references gateway_catalogue_entry (id) on delete cascade,
    url text not null,
    model text not null,
    sealed_key text,
    weight bigint not null,
    is_enabled boolean not null
);
create index gateway_remote_backend_entry on gateway_remote_backend (entry_id, id);
