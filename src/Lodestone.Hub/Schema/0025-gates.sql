-- How people are let in to what a repository holds; null: whoever sees it has it.
alter table hub_repo add column gate text check (gate in ('auto', 'manual'));
alter table hub_repo add column gates_members boolean not null default false; -- also those of its members who may only read
alter table hub_repo add column gates_calls boolean not null default false; -- also calls of the model through the API

-- Licences and prompts, word for word as somebody was shown them.
create table hub_gate_text (
    sha256 text primary key,
    text text not null,
    created_at timestamptz not null
);

-- What a gate says and asks. Stays when the gate is taken off, so that putting it on again is one act.
create table hub_gate (
    repo_id uuid primary key references hub_repo (id) on delete cascade,
    heading text, -- this and what follows: null where the card speaks
    prompt text,
    fields jsonb not null, -- empty where the card speaks
    licence_name text,
    licence_sha256 text references hub_gate_text (sha256),
    reaccept text not null check (reaccept in ('no', 'at_next_download')),
    domains jsonb not null,
    domain_rule text not null check (domain_rule in ('accept', 'require')),
    changed_by uuid not null,
    changed_at timestamptz not null
);

-- Where a user or an organization stands with a gate; nobody has two rows.
create table hub_access_request (
    id uuid primary key,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    subject_id uuid not null, -- a user, or an organization for all that belong to it
    is_organization boolean not null,
    state text not null check (state in ('pending', 'accepted', 'rejected', 'revoked', 'cancelled', 'suspended', 'expired')),
    answers jsonb not null, -- by field
    licence_sha256 text, -- of what was accepted
    prompt_sha256 text,
    is_granted boolean not null, -- the owner let them in unasked
    asked_by uuid not null,
    asked_at timestamptz not null,
    address text, -- of the network, that it was asked from
    decided_by uuid, -- null: nobody, the rule decided
    decided_at timestamptz,
    reason text,
    changed_at timestamptz not null
);
create unique index hub_access_request_subject on hub_access_request (repo_id, subject_id);
create index hub_access_request_state on hub_access_request (repo_id, state, changed_at);
create index hub_access_request_pending on hub_access_request (asked_at) where state = 'pending';

-- What was fetched through an acceptance: one row for some seconds' requests of the same by the same.
create table hub_gated_download (
    id uuid primary key,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    request_id uuid not null references hub_access_request (id) on delete cascade,
    caller_id uuid not null,
    is_service_account boolean not null,
    way text not null check (way in ('file', 'raw', 'lfs', 'xet', 'git')),
    revision text, -- null where the client names content alone
    path text not null, -- or the content's hash; empty: the repository as a whole
    bytes bigint not null, -- that answers carried, or links were given for
    requests bigint not null,
    at timestamptz not null
);
create index hub_gated_download_repo on hub_gated_download (repo_id, at);
create index hub_gated_download_request on hub_gated_download (request_id, at);
