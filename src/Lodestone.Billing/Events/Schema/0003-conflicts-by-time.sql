-- For the alert that events came again with other content.
create index event_conflict_received on event_conflict (received_at);
