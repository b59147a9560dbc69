-- Archived: to be read, and no more to be changed. Disabled: taken down by an administrator of the server, with the reason that is told.
alter table hub_repo add column archived_at timestamptz;
alter table hub_repo add column disabled_at timestamptz;
alter table hub_repo add column disabled_reason text;
create index hub_repo_disabled on hub_repo (disabled_at) where disabled_at is not null;
