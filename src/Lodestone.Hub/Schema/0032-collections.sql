-- Ordered lists of repositories and of other collections, with notes.
create table hub_collection (
    id uuid primary key,
    owner_id uuid not null,
    owner_name text not null,
    title text not null,
    title_lower text not null,
    description text,
    is_private boolean not null,
    theme text not null,
    position bigint not null, -- among its owner's, from 0
    upvotes bigint not null,
    created_by uuid not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (owner_id, title_lower)
);
create index hub_collection_updated on hub_collection (updated_at);

create table hub_collection_item (
    id uuid primary key,
    collection_id uuid not null references hub_collection (id) on delete cascade,
    repo_id uuid references hub_repo (id) on delete cascade, -- one of these two
    nested_id uuid references hub_collection (id) on delete cascade,
    note text,
    position bigint not null,
    added_at timestamptz not null,
    check ((repo_id is null) <> (nested_id is null))
);
create unique index hub_collection_item_repo on hub_collection_item (repo_id, collection_id) where repo_id is not null;
create unique index hub_collection_item_nested on hub_collection_item (nested_id, collection_id) where nested_id is not null;
create index hub_collection_item_order on hub_collection_item (collection_id, position);

create table hub_collection_upvote (
    collection_id uuid not null references hub_collection (id) on delete cascade,
    user_id uuid not null,
    created_at timestamptz not null,
    primary key (collection_id, user_id)
);
