-- Users who want to hear of another user or of an organization.
create table identity_follow (
    follower_id uuid not null references identity_user (id) on delete cascade,
    followed_id uuid not null references identity_namespace (id) on delete cascade,
    created_at timestamptz not null,
    primary key (follower_id, followed_id)
);
create index identity_follow_followed on identity_follow (followed_id);
