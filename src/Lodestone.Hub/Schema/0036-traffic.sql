-- Downloads ever, which never fall; hub_repo.downloads are those of the last 30 days. What was counted before is kept.
alter table hub_repo add column downloads_all_time bigint not null default 0;
update hub_repo set downloads_all_time = downloads;

-- What was fetched, by UTC day (days since 1970). See docs/api/metrics.md for what counts as what.
create table hub_traffic (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    day bigint not null,
    revision text not null, -- full commit id
    file_class text not null check (file_class in ('weights', 'data', 'config', 'other', 'git')),
    client_class text not null check (client_class in ('person', 'ci', 'mirror', 'bot')),
    requests bigint not null,
    fetches bigint not null, -- of a file by a client, all ranges within 24 hours as one
    downloads bigint not null, -- of nine tenths and more of a set of weights
    uniques bigint not null, -- clients
    bytes bigint not null,
    primary key (repo_id, day, revision, file_class, client_class)
);

-- The same for each file that is not configuration.
create table hub_traffic_file (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    day bigint not null,
    path text not null,
    client_class text not null,
    requests bigint not null,
    fetches bigint not null,
    bytes bigint not null,
    primary key (repo_id, day, path, client_class)
);

-- Who came, as a hash whose salt is thrown away; kept for a month to count each once.
create table hub_traffic_client (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    day bigint not null,
    revision text not null,
    file_class text not null,
    client_class text not null,
    client text not null,
    primary key (repo_id, day, revision, file_class, client_class, client)
);
create index hub_traffic_client_day on hub_traffic_client (day);

-- What a client has of a file so far; kept for a day.
create table hub_fetched_part (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    client text not null,
    revision text not null,
    path text not null,
    ranges text not null, -- 0-99,200-299: first and last byte of each
    began_at timestamptz not null,
    primary key (repo_id, client, revision, path)
);
create index hub_fetched_part_began_at on hub_fetched_part (began_at);

-- Sets of files that a client has fetched, so that they count once a day.
create table hub_fetched_set (
    repo_id uuid not null references hub_repo (id) on delete cascade,
    client text not null,
    revision text not null,
    name text not null,
    counted_at timestamptz not null,
    primary key (repo_id, client, revision, name)
);
create index hub_fetched_set_counted_at on hub_fetched_set (counted_at);

-- What clients are hashed with; a new one every 30 days, and then the old one is gone.
create table hub_traffic_salt (
    id uuid primary key,
    secret bytea not null,
    created_at timestamptz not null
);
