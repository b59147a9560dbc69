-- Until when an acceptance of the licence before still counts; null: as reaccept says, at once or for ever.
alter table hub_gate add column reaccept_by timestamptz;
alter table hub_gate add column licence_at timestamptz; -- since when this licence is asked; null where it is the first of the time before this column
create index hub_gate_reaccept_by on hub_gate (reaccept_by) where reaccept_by is not null;
