-- What became of each call and why: facts about it, never what was said in it.
create table gateway_logged_call (
    id uuid primary key,
    request_id text not null,
    account_id uuid not null,
    caller_id uuid not null,
    key_id uuid,
    model text not null,
    operation text not null,
    place text not null,
    is_streamed boolean not null,
    started_at timestamptz not null,
    status bigint not null,
    outcome text not null,
    code text,
    finish text,
    input_tokens bigint not null,
    output_tokens bigint not null,
    measurement text,
    charged text,
    first_token_micros bigint,
    total_micros bigint not null,
    steps text not null
);
create index gateway_logged_call_account on gateway_logged_call (account_id, id);
create index gateway_logged_call_request on gateway_logged_call (request_id);

-- Histograms by hour whose rows can be added up: over hours, and over servers.
create table gateway_latency_bucket (
    product_id uuid not null,
    hour bigint not null,
    measure text not null,
    bucket bigint not null,
    calls bigint not null,
    primary key (product_id, hour, measure, bucket)
);
