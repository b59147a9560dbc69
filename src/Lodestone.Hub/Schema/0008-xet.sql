-- Xorbs: some chunks of files each, as clients send them. Complete in the store before its row is here.
create table hub_xorb (
    hash text primary key,
    size bigint not null, -- bytes of the chunk records
    unpacked_size bigint not null, -- bytes of the chunks
    chunk_count bigint not null,
    created_at timestamptz not null,
    unreferenced_since timestamptz -- since when no file has a chunk of it; null: one has
);

-- Who has sent a xorb's bytes, and so may build files of any of its chunks.
create table hub_xorb_grant (
    xorb text not null references hub_xorb (hash) on delete cascade,
    grantee_id uuid not null, -- a namespace; where somebody proposes a change to another's repository, that person
    primary key (xorb, grantee_id)
);

-- Large files that are kept as chunks. Each was rebuilt once: its SHA-256 is proved. One SHA-256 may have several.
create table hub_chunked_file (
    hash text primary key, -- depends on how the file was cut
    sha256 text not null,
    size bigint not null,
    terms bytea not null,
    created_at timestamptz not null,
    unheld_since timestamptz -- since when no repository holds the SHA-256; null: one does
);
create index hub_chunked_file_sha256 on hub_chunked_file (sha256);

-- Which xorbs a file has chunks of.
create table hub_file_xorb (
    file text not null references hub_chunked_file (hash) on delete cascade,
    xorb text not null references hub_xorb (hash),
    primary key (file, xorb)
);
create index hub_file_xorb_xorb on hub_file_xorb (xorb);

-- Chunks that clients ask for to find out what they need not send: the first of each file, and one of about a thousand.
create table hub_known_chunk (
    hash text not null,
    xorb text not null references hub_xorb (hash) on delete cascade,
    number bigint not null, -- in the xorb, from 0
    primary key (hash, xorb)
);
create index hub_known_chunk_xorb on hub_known_chunk (xorb);
