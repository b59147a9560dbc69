-- Which other repositories hold a large file too: asked before one is deleted.
create index if not exists hub_lfs_object_sha256 on hub_lfs_object (sha256);
