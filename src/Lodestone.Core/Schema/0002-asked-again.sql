-- Rises with every wish for the task: what is wished for while it runs is not forgotten when it ends.
alter table core_leased_task add column asked bigint not null default 0;
