-- Which way the weights of a repository point, in some hundred bytes, to find those that training changed a little.
alter table hub_tensor_reading add column layout text; -- names and shapes of the tensors that the sketch is of; empty: there are too few; null: read before there were sketches
alter table hub_tensor_reading add column sketch bytea; -- 256 bits for each of them
create index hub_tensor_reading_layout on hub_tensor_reading (layout);
alter table hub_lineage_edge add column similarity bigint; -- inferred by a sketch: in thousandths, 0 for weights that have nothing to do with each other
