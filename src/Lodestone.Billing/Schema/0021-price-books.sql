-- Books of prices: the list, prices of plans, contracts. What was published so far stands in the list.
create table billing_book (
    slug text primary key,
    kind text not null,
    name text not null,
    created_at timestamptz not null,
    created_by uuid not null
);

-- Which book an account's prices come from before the list: its contract's, then its plan's.
create table billing_book_assignment (
    id uuid primary key,
    account_id uuid not null,
    kind text not null,
    book text not null references billing_book (slug),
    effective_from timestamptz not null,
    ends_at timestamptz
);
create index billing_book_assignment_account on billing_book_assignment (account_id, effective_from);

-- One publication brings a version of each product whose prices it changes.
create table billing_publication (
    id uuid primary key,
    book text not null,
    version bigint not null,
    effective_from timestamptz not null,
    published_at timestamptz not null,
    published_by uuid not null,
    publisher_name text not null,
    confirmed_by uuid,
    confirmer_name text,
    reason text not null,
    is_credit_only boolean not null,
    unique (book, version)
);

-- What somebody wants published that another administrator has to confirm.
create table billing_proposal (
    id uuid primary key,
    book text not null,
    content text not null,
    proposed_at timestamptz not null,
    proposed_by uuid not null,
    proposer_name text not null,
    doubt text not null,
    state text not null
);
create index billing_proposal_open on billing_proposal (state, proposed_at);

alter table billing_price_version add column book text not null default 'list';
alter table billing_price_version add column publication_id uuid;
alter table billing_price_version add column key_text text;
create index billing_price_version_book on billing_price_version (book, product_id, effective_from);
