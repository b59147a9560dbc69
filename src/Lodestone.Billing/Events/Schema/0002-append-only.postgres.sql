create function event_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name;
end $$;

create trigger event_log_append_only before update or delete or truncate on event_log for each statement execute function event_append_only();
create trigger event_conflict_append_only before update or delete or truncate on event_conflict for each statement execute function event_append_only();
