-- Programs that belong to an organization: they cannot sign in, and have rights there and nowhere else.
create table identity_service_account (
    id uuid primary key,
    organization_id uuid not null references identity_namespace (id) on delete cascade,
    name text not null,
    lowered_name text not null,
    description text not null,
    role text not null check (role in ('read', 'contributor', 'write')),
    created_by uuid not null,
    created_at timestamptz not null,
    closed_at timestamptz -- null: in use; the row stays, because others say what it did
);
create unique index identity_service_account_name on identity_service_account (organization_id, lowered_name) where closed_at is null;

create table identity_service_token (
    id uuid primary key,
    account_id uuid not null references identity_service_account (id) on delete cascade,
    name text not null,
    hash text not null unique,
    last4 text not null,
    scope bigint not null,
    created_by uuid not null,
    created_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);
create index identity_service_token_account on identity_service_token (account_id);
