-- What a user is told: in the web, and by mail where that is wanted.
create table hub_notification (
    id uuid primary key,
    user_id uuid not null,
    source text not null, -- what it tells of; nobody is told the same twice
    reason text not null,
    title text not null,
    href text not null, -- a path on this server
    repo_id uuid, -- shown only while the user may see it; null: it is about nothing hidden
    at timestamptz not null,
    is_in_web boolean not null,
    read_at timestamptz,
    mail text not null check (mail in ('none', 'waiting', 'sent')),
    unique (user_id, source)
);
create index hub_notification_user on hub_notification (user_id, at);
create index hub_notification_unread on hub_notification (user_id) where is_in_web and read_at is null;
create index hub_notification_mail on hub_notification (user_id, at) where mail = 'waiting';

-- Where somebody chose otherwise than what goes by itself.
create table hub_notification_choice (
    user_id uuid not null,
    reason text not null,
    is_in_web boolean not null,
    is_by_mail boolean not null,
    primary key (user_id, reason)
);

-- Public models that were made from another one, as their cards say, from when this was first seen.
create table hub_derivation (
    base_id uuid not null references hub_repo (id) on delete cascade,
    repo_id uuid not null references hub_repo (id) on delete cascade,
    relation text not null,
    found_at timestamptz not null,
    told_at timestamptz, -- in a digest; null: not yet
    primary key (base_id, repo_id)
);
create index hub_derivation_not_told on hub_derivation (base_id) where told_at is null;
create index hub_derivation_repo on hub_derivation (repo_id);
