-- One gate before several repositories: those of a collection's owner that are in it. Each keeps its own rows, alike in all of them,
-- so that every door asks as it does of any repository.
create table hub_collection_gate (
    collection_id uuid primary key references hub_collection (id) on delete cascade,
    mode text check (mode in ('auto', 'manual')), -- null: taken off
    content jsonb not null -- as it was sent
);

alter table hub_repo add column gate_collection_id uuid references hub_collection (id) on delete set null; -- whose gate it is; null: its own
create index hub_repo_gate_collection on hub_repo (gate_collection_id) where gate_collection_id is not null;
