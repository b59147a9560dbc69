-- Pull requests of before there were discussions: their description becomes the first comment. Ids have 24 digits that say something.
insert into hub_discussion (id, repo_id, number, is_pull_request, title, title_lower, status, author_id, created_at, updated_at, events, comments, base)
select (substr(md5(random()::text || repo_id::text || number::text), 1, 24) || '00000000')::uuid,
    repo_id, number, true, title, lower(title), 'open', author_id, created_at, created_at, 1, 1, base
from hub_pull_request;

insert into hub_discussion_event (id, discussion_id, position, kind, author_id, created_at, value)
select (substr(md5(random()::text || id::text), 1, 24) || '00000000')::uuid, id, 1, 'comment', author_id, created_at, ''
from hub_discussion;

insert into hub_comment (id, discussion_id, text, edits, updated_at, updated_by)
select e.id, d.id, p.description, 0, d.created_at, d.author_id
from hub_discussion_event e
join hub_discussion d on d.id = e.discussion_id
join hub_pull_request p on p.repo_id = d.repo_id and p.number = d.number;

drop table hub_pull_request;
