create trigger event_log_no_update before update on event_log begin select raise(abort, 'event_log is append-only'); end;
create trigger event_log_no_delete before delete on event_log begin select raise(abort, 'event_log is append-only'); end;
create trigger event_conflict_no_update before update on event_conflict begin select raise(abort, 'event_conflict is append-only'); end;
create trigger event_conflict_no_delete before delete on event_conflict begin select raise(abort, 'event_conflict is append-only'); end;
