-- Apps: whose they are (nobody's: an operator's, or registered by themselves), what they may ask for, and their secret's hash.
alter table identity_oauth_app add column owner_id uuid references identity_namespace (id) on delete cascade;
alter table identity_oauth_app add column secret_hash text;
alter table identity_oauth_app add column secret_last4 text;
alter table identity_oauth_app add column scope bigint not null default 131068;
alter table identity_oauth_app add column website text;
alter table identity_oauth_app add column is_self_registered boolean not null default false;
alter table identity_oauth_app add column created_at timestamptz;
create index identity_oauth_app_owner on identity_oauth_app (owner_id);

-- The program that huggingface_hub's `hf auth login` says it is.
insert into identity_oauth_app (id, client_id, name, redirect_uris, is_public, scope, is_self_registered)
values ('019A0000-0000-7000-8000-000000000001', '26be6b09-91c5-47da-9861-d2d2bb7a7e36', 'Hub command line (hf)', '[]', true, 131068, false)
on conflict (client_id) do nothing;

-- What a person allows an app: at most one row for the two. Everything that the app holds goes with it.
create table identity_oauth_consent (
    id uuid primary key,
    app_id uuid not null references identity_oauth_app (id) on delete cascade,
    user_id uuid not null references identity_user (id) on delete cascade,
    scope bigint not null,
    organizations jsonb not null,
    created_at timestamptz not null,
    used_at timestamptz not null,
    unique (app_id, user_id)
);
create index identity_oauth_consent_user on identity_oauth_consent (user_id);

create table identity_oauth_code (
    id uuid primary key,
    hash text not null unique,
    consent_id uuid not null references identity_oauth_consent (id) on delete cascade,
    scope bigint not null,
    redirect_uri text not null,
    challenge text,
    nonce text,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index identity_oauth_code_consent on identity_oauth_code (consent_id);
create index identity_oauth_code_expiry on identity_oauth_code (expires_at);

-- One row for each time that an app was given tokens. Those of one sign-in share grant_id: the code's or the device's id.
create table identity_oauth_token (
    id uuid primary key,
    consent_id uuid not null references identity_oauth_consent (id) on delete cascade,
    grant_id uuid not null,
    scope bigint not null,
    hash text not null unique,
    expires_at timestamptz not null,
    refresh_hash text not null unique,
    refresh_expires_at timestamptz not null,
    refreshed_at timestamptz,
    created_at timestamptz not null
);
create index identity_oauth_token_consent on identity_oauth_token (consent_id);
create index identity_oauth_token_grant on identity_oauth_token (grant_id);
create index identity_oauth_token_expiry on identity_oauth_token (refresh_expires_at);

-- A device that waits for a person to type its code in a browser.
create table identity_oauth_device (
    id uuid primary key,
    hash text not null unique,
    user_code_hash text not null unique,
    app_id uuid not null references identity_oauth_app (id) on delete cascade,
    scope bigint not null,
    consent_id uuid references identity_oauth_consent (id) on delete cascade,
    denied_at timestamptz,
    used_at timestamptz,
    polled_at timestamptz,
    wait_seconds bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index identity_oauth_device_expiry on identity_oauth_device (expires_at);
create index identity_oauth_device_app on identity_oauth_device (app_id);
create index identity_oauth_device_consent on identity_oauth_device (consent_id);

-- Keys that sign ID tokens, the newest in use; PKCS #8 in base64.
create table identity_oauth_key (
    id uuid primary key,
    private_key text not null,
    created_at timestamptz not null
);
