-- Links by which people show that they read the mail of their address, one row for each time that one was asked for.
create table identity_email_link (
    id uuid primary key,
    user_id uuid not null references identity_user (id) on delete cascade,
    email text not null, -- in lower case; the link says nothing of another one
    hash text unique, -- null: not sent yet, used, or ended by a newer one
    asked_at timestamptz not null,
    expires_at timestamptz not null
);
create index identity_email_link_user on identity_email_link (user_id);
create index identity_email_link_email on identity_email_link (email, asked_at);
create index identity_email_link_asked_at on identity_email_link (asked_at);
