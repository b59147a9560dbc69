-- The app that made a repository for its maker, where one did.
alter table hub_repo add column created_by_app uuid;
