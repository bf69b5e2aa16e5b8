-- The audit trail: who did what to whose records. Entries are appended and never changed; each is hashed together with the
-- one before it of the same server process, so what was altered all the same can be found (`phr audit verify`).

CREATE TABLE audit_events (
    uuid uuid NOT NULL,
    -- The server process that wrote the entry, and the entry's number there.
    instance uuid NOT NULL,
    sequence bigint NOT NULL CONSTRAINT audit_events_sequence_check CHECK (sequence > 0),
    occurred_at timestamptz NOT NULL,
    -- No foreign keys: the trail outlives what it speaks of.
    actor_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    session_id uuid,
    -- The institution that the actor was bound to; null for who may reach all.
    institution_id uuid,
    grant_id uuid,
    origin text COLLATE "C",
    request_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL CONSTRAINT audit_events_action_check CHECK (action ~ '^[A-Z_]{1,30}$'),
    resource text COLLATE "C" NOT NULL,
    resource_id uuid,
    version integer,
    -- The institution that the record belongs to.
    resource_institution_id uuid,
    patient_id uuid,
    -- Names only, never values.
    fields text[] NOT NULL DEFAULT '{}',
    outcome text COLLATE "C" NOT NULL
        CONSTRAINT audit_events_outcome_check
        CHECK (outcome IN ('INTENDED', 'SUCCEEDED', 'FAILED', 'DENIED', 'UNKNOWN')),
    settles bigint,
    previous_hash bytea NOT NULL
        CONSTRAINT audit_events_previous_hash_check CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CONSTRAINT audit_events_hash_check CHECK (octet_length(hash) = 32),
    -- A key of a partitioned table has the column that it is partitioned by. An entry's instant never changes, so the same
    -- entry, sent twice, is one row.
    CONSTRAINT audit_events_pkey PRIMARY KEY (instance, sequence, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX audit_events_occurred_at_idx ON audit_events (occurred_at, uuid);
CREATE INDEX audit_events_patient_id_idx ON audit_events (patient_id, occurred_at, uuid) WHERE patient_id IS NOT NULL;

-- Where an instance's entries begin, once older ones were pruned.
CREATE TABLE audit_beginnings (
    instance uuid CONSTRAINT audit_beginnings_pkey PRIMARY KEY,
    sequence bigint NOT NULL,
    hash bytea NOT NULL CONSTRAINT audit_beginnings_hash_check CHECK (octet_length(hash) = 32),
    occurred_at timestamptz NOT NULL
);

-- How long entries are kept whatever the server wishes; one row, which only the owner may change. 2190 days are the six
-- years of 45 CFR 164.316(b)(2).
CREATE TABLE audit_retention (
    id integer CONSTRAINT audit_retention_pkey PRIMARY KEY CONSTRAINT audit_retention_id_check CHECK (id = 1),
    floor_days integer NOT NULL CONSTRAINT audit_retention_floor_days_check CHECK (floor_days >= 0)
);
INSERT INTO audit_retention (id, floor_days) VALUES (1, 2190);

CREATE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever appended to' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_events_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- Makes the partitions of all months from one day's to another's, 24 at most. Whoever inserts an entry of a month without
-- one is refused.
CREATE FUNCTION make_audit_partitions(first date, last date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    month date := date_trunc('month', first)::date;
    name text;
BEGIN
    IF last >= month + interval '24 months' THEN
        RAISE EXCEPTION 'no more than 24 months at once' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('phr audit partitions', 0));
    WHILE month <= last LOOP
        name := 'audit_events_' || to_char(month, 'YYYY_MM');
        IF to_regclass('public.' || name) IS NULL THEN
            -- Attached afterwards: CREATE TABLE .. PARTITION OF would shut readers out.
            EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_events INCLUDING ALL)', name);
            -- Reached through audit_events alone, whose policies hold then.
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
            EXECUTE format('COMMENT ON TABLE public.%I IS %L', name, 'tenant: a month of audit_events');
            EXECUTE format(
                'CREATE TRIGGER audit_events_change BEFORE UPDATE OR DELETE ON public.%I '
                'FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change()', name);
            EXECUTE format(
                'CREATE TRIGGER audit_events_truncate BEFORE TRUNCATE ON public.%I '
                'FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()', name);
            EXECUTE format(
                'ALTER TABLE public.%I ENABLE ALWAYS TRIGGER audit_events_change, '
                'ENABLE ALWAYS TRIGGER audit_events_truncate', name);
            EXECUTE format(
                'ALTER TABLE public.audit_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                name, month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
END
$$;

-- Drops the partitions whose entries are all older than so many days, and than the floor; says how many.
CREATE FUNCTION prune_audit_events(retention_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- The owner, too, sees entries only within a boundary.
    before_institution text := set_config('phr.institution', coalesce(current_setting('phr.institution', true), ''), true);
    before_patient text := set_config('phr.patient', coalesce(current_setting('phr.patient', true), ''), true);
    kept_days integer := greatest(retention_days, (SELECT floor_days FROM public.audit_retention));
    kept_from date := (now() AT TIME ZONE 'UTC')::date - kept_days;
    name text;
    month date;
    pruned integer := 0;
BEGIN
    IF kept_days IS NULL THEN
        RAISE EXCEPTION 'nobody says how long entries are kept' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('phr audit partitions', 0));
    PERFORM set_config('phr.institution', 'all', true), set_config('phr.patient', '', true);
    FOR name IN
        SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
         WHERE inhparent = 'public.audit_events'::regclass ORDER BY child.relname
    LOOP
        month := to_date(right(name, 7), 'YYYY_MM');
        CONTINUE WHEN month + interval '1 month' > kept_from;
        INSERT INTO public.audit_beginnings AS known (instance, sequence, hash, occurred_at)
        SELECT DISTINCT ON (instance) instance, sequence, hash, occurred_at FROM public.audit_events
         WHERE occurred_at >= month::timestamp AT TIME ZONE 'UTC'
           AND occurred_at < (month + interval '1 month') AT TIME ZONE 'UTC'
         ORDER BY instance, sequence DESC
        ON CONFLICT (instance) DO UPDATE
            SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash, occurred_at = EXCLUDED.occurred_at
            WHERE EXCLUDED.sequence > known.sequence;
        EXECUTE format('DROP TABLE public.%I', name);
        pruned := pruned + 1;
    END LOOP;
    PERFORM set_config('phr.institution', before_institution, true), set_config('phr.patient', before_patient, true);
    RETURN pruned;
END
$$;

COMMENT ON TABLE audit_events IS 'tenant: of the institution of who did it, and of the one whose record it was done to';
COMMENT ON TABLE audit_beginnings IS 'system: where chains go on after what was pruned';
COMMENT ON TABLE audit_retention IS 'system: how long entries are kept at least';

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit_events
    USING (((SELECT boundary_is_all()) IS NOT NULL
            OR institution_id = (SELECT boundary_institution())
            OR resource_institution_id = (SELECT boundary_institution())
            OR patient_id = (SELECT boundary_patient()))
           AND ((SELECT boundary_has_all_patients()) IS NOT NULL OR patient_id = (SELECT boundary_patient())));
-- Only who ships the entries of all appends them.
CREATE POLICY shipping_appends ON audit_events AS RESTRICTIVE FOR INSERT
    WITH CHECK ((SELECT boundary_is_all()) IS NOT NULL);

REVOKE EXECUTE ON FUNCTION refuse_audit_change(), make_audit_partitions(date, date), prune_audit_events(integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_audit_partitions(date, date), prune_audit_events(integer) TO phr_server;
GRANT SELECT, INSERT ON audit_events TO phr_server;
GRANT SELECT ON audit_beginnings, audit_retention TO phr_server;

SELECT make_audit_partitions((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 62);
