-- Every step ever applied or taken back, with the hash of the SQL that ran. Stands apart from the steps because the
-- first of them must already be recorded, and the last one taken back too.
DO $$
BEGIN
    -- Two runners may start at once, and CREATE TABLE IF NOT EXISTS alone is not safe against that.
    PERFORM pg_advisory_xact_lock(hashtextextended('phr migration history', 0));

    IF to_regclass('migration_history') IS NULL THEN
        CREATE TABLE IF NOT EXISTS migration_history (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT migration_history_pkey PRIMARY KEY,
            version text COLLATE "C" NOT NULL,
            direction text COLLATE "C" NOT NULL
                CONSTRAINT migration_history_direction_check CHECK (direction IN ('up', 'down')),
            sha256 text COLLATE "C" NOT NULL
                CONSTRAINT migration_history_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            applied_at timestamptz NOT NULL DEFAULT now(),
            -- The login, not the role that the runner assumed: the history is to name who did it.
            applied_by text NOT NULL DEFAULT session_user
        );
        GRANT SELECT ON migration_history TO phr_server;
    END IF;
END
$$;
