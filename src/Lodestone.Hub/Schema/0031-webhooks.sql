create table hub_webhook (
    id uuid primary key,
    owner_id uuid not null, -- the user who made it, and whose rights decide what it is told
    url text not null,
    secret text, -- encrypted
    domains text not null, -- separated by spaces
    state text not null check (state in ('enabled', 'disabled', 'suspended')),
    failing_since timestamptz, -- null: the last delivery was taken
    created_at timestamptz not null
);
create index hub_webhook_owner on hub_webhook (owner_id, created_at);

-- By name, of what need not exist.
create table hub_webhook_watch (
    webhook_id uuid not null references hub_webhook (id) on delete cascade,
    type text not null check (type in ('model', 'dataset', 'space', 'user', 'org')),
    name text not null,
    name_lower text not null,
    position bigint not null,
    primary key (webhook_id, type, name_lower)
);
create index hub_webhook_watch_name on hub_webhook_watch (name_lower, type);

-- One call of a webhook: to be made, made, or given up with its webhook.
create table hub_webhook_delivery (
    id uuid primary key,
    webhook_id uuid not null references hub_webhook (id) on delete cascade,
    event_id uuid not null,
    replay bigint not null, -- 0: because it happened; from 1: because somebody asked for it again
    subject_id uuid not null, -- the repository; what happened to it is told in order
    number bigint not null,
    subject text not null, -- what the log calls it
    event text not null,
    payload text not null, -- to the byte, since it is signed
    state text not null check (state in ('waiting', 'delivered')),
    tries bigint not null,
    due_at timestamptz not null,
    created_at timestamptz not null,
    tried_at timestamptz,
    status bigint, -- of the last answer
    answer text, -- its beginning, or why there was none
    took_ms bigint,
    unique (webhook_id, event_id, replay)
);
create index hub_webhook_delivery_waiting on hub_webhook_delivery (webhook_id, subject_id, number) where state = 'waiting';
create index hub_webhook_delivery_log on hub_webhook_delivery (webhook_id, created_at);
create index hub_webhook_delivery_subject on hub_webhook_delivery (subject_id) where state = 'waiting';
