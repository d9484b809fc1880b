-- The ledger's tables. A row of the manifest ends once: `status` goes from null to its end, and back
-- only where the sealed result was lost.
CREATE TABLE configuration (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    document TEXT NOT NULL  -- JSON
) STRICT;

CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    started TEXT NOT NULL,  -- UTC, ISO 8601
    ended TEXT,             -- null where it was killed
    versions TEXT NOT NULL  -- JSON
) STRICT;

CREATE TABLE interviews (
    place INTEGER PRIMARY KEY,  -- in the manifest, from 0
    interview_id TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,  -- how often a worker began it
    crashes INTEGER NOT NULL DEFAULT 0,   -- how often it took its worker down
    status TEXT,
    reason TEXT,
    media TEXT,
    seconds REAL,
    run INTEGER REFERENCES runs,
    CHECK ((status IS NULL) = (seconds IS NULL)),
    CHECK (status IS NULL OR (status IN ('scored', 'measured')) = (reason IS NULL))
) STRICT;

CREATE TABLE media (
    device TEXT NOT NULL,  -- numbers of 64 bits without a sign, which SQLite's integers cannot hold
    inode TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (device, inode)
) STRICT, WITHOUT ROWID;
