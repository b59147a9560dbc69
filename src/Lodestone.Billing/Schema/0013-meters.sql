-- What is counted of events of a type. A change is another version, which counts events from an instant on.
create table billing_meter_version (
    id uuid primary key,
    slug text not null,
    version bigint not null,
    event_type text not null,
    aggregation text not null,
    value_path text,
    group_by text not null,
    filter text not null,
    unit text not null,
    product text,
    product_path text,
    class text not null,
    starts_at timestamptz not null,
    created_at timestamptz not null,
    created_by uuid not null,
    unique (slug, version)
);

-- How far rating has read the log, and what it made of each day's events.
create table billing_rating_position (
    id uuid primary key,
    position bigint not null
);
insert into billing_rating_position (id, position) values ('00000000-0000-0000-0000-000000000000', 0);

create table billing_event_count (
    day bigint primary key,
    rated bigint not null,
    quarantined bigint not null,
    voided bigint not null,
    superseded bigint not null
);

-- Events that cannot be rated: they have no price. Rated when they have one.
create table billing_unrated_event (
    id uuid primary key,
    position bigint not null,
    account_id uuid not null,
    type text not null,
    product text not null,
    reason text not null,
    time timestamptz not null,
    since timestamptz not null
);
create index billing_unrated_event_account on billing_unrated_event (account_id, position);
