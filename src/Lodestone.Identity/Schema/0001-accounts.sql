-- Users and organizations share one name space: one row here is one name.
create table identity_namespace (
    id uuid primary key,
    name text not null,
    lowered_name text not null unique,
    full_name text not null,
    is_organization boolean not null,
    private_by_default boolean not null,
    avatar_url text,
    website text,
    created_at timestamptz not null
);

create table identity_user (
    id uuid primary key references identity_namespace (id) on delete cascade,
    email text not null,
    lowered_email text not null,
    email_verified boolean not null,
    password_hash text,
    is_administrator boolean not null
);
create unique index identity_user_verified_email on identity_user (lowered_email) where email_verified;
create index identity_user_email on identity_user (lowered_email);
create index identity_user_administrator on identity_user (id) where is_administrator;

create table identity_member (
    organization_id uuid not null references identity_namespace (id) on delete cascade,
    user_id uuid not null references identity_user (id) on delete cascade,
    role text not null check (role in ('read', 'contributor', 'write', 'admin')),
    created_at timestamptz not null,
    primary key (organization_id, user_id)
);
create index identity_member_user on identity_member (user_id);

create table identity_access_token (
    id uuid primary key,
    user_id uuid not null references identity_user (id) on delete cascade,
    name text not null,
    lowered_name text not null,
    hash text not null unique,
    last4 text not null,
    scope bigint not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create unique index identity_access_token_name on identity_access_token (user_id, lowered_name) where revoked_at is null;

create table identity_session (
    id uuid primary key,
    user_id uuid not null references identity_user (id) on delete cascade,
    hash text not null unique,
    created_at timestamptz not null,
    expires_at timestamptz not null
);
create index identity_session_user on identity_session (user_id);
create index identity_session_expiry on identity_session (expires_at);

create table identity_oauth_app (
    id uuid primary key,
    client_id text not null unique,
    name text not null,
    redirect_uris jsonb not null,
    is_public boolean not null
);

-- The address of the page that makes the first administrator; at most one row, none once there is an administrator.
create table identity_setup_link (
    id uuid primary key,
    hash text not null unique,
    created_at timestamptz not null
);

-- Keys of the framework's data protection, in its XML.
create table identity_data_key (
    id uuid primary key,
    xml text not null,
    created_at timestamptz not null
);
