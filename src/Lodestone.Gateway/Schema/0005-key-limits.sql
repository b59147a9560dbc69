-- What a key may call, and how much of it in a minute; null for no limit of its own. Keys that replaced each other share a window.
create table gateway_key_limit (
    id uuid primary key,
    window_id uuid not null,
    models text,
    requests_per_minute bigint,
    tokens_per_minute bigint
);
