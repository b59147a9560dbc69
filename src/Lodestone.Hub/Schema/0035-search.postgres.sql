-- Which repositories' rows have changed, for the lists that servers keep in memory. The version is the transaction's number: a reader
-- asks for what is not older than the oldest transaction that was under way when it read last.
create table hub_repo_change (
    repo_id uuid primary key,
    version bigint not null
);
create index hub_repo_change_version on hub_repo_change (version);

-- Every word that a repository's files are found by.
create table hub_search_text (
    repo_id uuid primary key references hub_repo (id) on delete cascade,
    source text not null, -- which files the words are from
    words tsvector not null
);
create index hub_search_text_words on hub_search_text using gin (words);

create function hub_note_repo_change() returns trigger language plpgsql as $note$
begin
    insert into hub_repo_change values (coalesce(new.id, old.id), cast(cast(pg_current_xact_id() as text) as bigint))
    on conflict (repo_id) do update set version = excluded.version;
    return null;
end
$note$;
create trigger hub_repo_changed after insert or update or delete on hub_repo for each row execute function hub_note_repo_change();
