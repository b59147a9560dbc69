-- Which repositories' rows have changed, for the lists that servers keep in memory: each asks for what is newer than it has.
create table hub_repo_change (
    repo_id uuid primary key,
    version bigint not null
);
create index hub_repo_change_version on hub_repo_change (version);

-- Every word that a repository's files are found by. The words themselves are not kept, only what finds them.
create table hub_search_doc (
    doc integer primary key autoincrement,
    repo_id uuid not null unique,
    source text not null -- which files the words are from; empty: none yet
);
create virtual table hub_search_text using fts5 (words, content = '', contentless_delete = 1, detail = none, prefix = '2 3', tokenize = 'ascii');

create trigger hub_repo_inserted after insert on hub_repo begin
    insert into hub_repo_change values (new.id, (select coalesce(max(version), 0) + 1 from hub_repo_change))
    on conflict (repo_id) do update set version = excluded.version;
end;
create trigger hub_repo_updated after update on hub_repo begin
    insert into hub_repo_change values (new.id, (select coalesce(max(version), 0) + 1 from hub_repo_change))
    on conflict (repo_id) do update set version = excluded.version;
end;
create trigger hub_repo_deleted after delete on hub_repo begin
    insert into hub_repo_change values (old.id, (select coalesce(max(version), 0) + 1 from hub_repo_change))
    on conflict (repo_id) do update set version = excluded.version;
    delete from hub_search_text where rowid in (select doc from hub_search_doc where repo_id = old.id);
    delete from hub_search_doc where repo_id = old.id;
end;
