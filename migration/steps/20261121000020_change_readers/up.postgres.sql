-- What readers of the change log go by, and what the log forgets.
--
-- A reader remembers a snapshot, and asks for what that did not see. After a promotion, transactions of the new primary get
-- numbers that lost ones had: so every entry names the timeline on which it was written, and what stands on a later one
-- than the snapshot was not seen, whatever its number.

ALTER TABLE change_log
    ADD COLUMN former_institution_id uuid,
    ADD COLUMN session_id uuid,
    ADD COLUMN timeline integer NOT NULL DEFAULT 0;
ALTER TABLE change_log ALTER COLUMN timeline
    SET DEFAULT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::integer;

DROP INDEX change_log_transaction_id_idx;
CREATE INDEX change_log_timeline_transaction_id_idx ON change_log (timeline, transaction_id);

-- Who loses a record sees that it went.
ALTER POLICY tenant ON change_log
    USING ((SELECT boundary_is_all()) IS NOT NULL
           OR institution_id = (SELECT boundary_institution())
           OR former_institution_id = (SELECT boundary_institution()));

-- As before; and the institution that a record has left, and the session that changed it.
CREATE OR REPLACE FUNCTION append_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    operation_done text := 'CREATED';
    fields text[] := '{}';
    before jsonb;
    institution uuid;
    former_institution uuid;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.version = OLD.version THEN
            RETURN NULL;
        END IF;
        operation_done := 'UPDATED';
        before := to_jsonb(OLD);
        fields := ARRAY(
            SELECT after.key
              FROM jsonb_each(to_jsonb(NEW)) AS after
             WHERE after.value <> before -> after.key
               AND after.key <> ALL ('{version,updated_at}')
               AND right(after.key, 7) <> '_folded'
             ORDER BY after.key COLLATE "C"
        );
        IF 'deleted_at' = ANY (fields) THEN
            IF OLD.deleted_at IS NULL THEN
                operation_done := 'DELETED';
                fields := '{}';
            END IF;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        operation_done := 'DELETED';
        NEW := OLD;
        NEW.version := OLD.version + 1;
    END IF;

    IF TG_ARGV[1] = 'institution_id' THEN
        institution := NEW.institution_id;
        IF TG_OP = 'UPDATE' THEN
            former_institution := nullif(OLD.institution_id, NEW.institution_id);
        END IF;
    ELSIF TG_ARGV[1] = 'uuid' THEN
        institution := NEW.uuid;
    END IF;

    -- Settings are free text: one that is not a uuid is left out rather than allowed to make the write fail.
    INSERT INTO public.change_log
        (entity, key, institution_id, former_institution_id, operation, version, changed_fields, actor_id, request_id,
         session_id)
    VALUES
        (TG_ARGV[0], NEW.uuid, institution, former_institution, operation_done, NEW.version, fields,
         CASE WHEN current_setting('phr.actor', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.actor', true)::uuid END,
         CASE WHEN current_setting('phr.request', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.request', true)::uuid END,
         CASE WHEN current_setting('phr.session', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.session', true)::uuid END);
    RETURN NULL;
END
$$;

-- The last of what was pruned: the newest transaction, on the newest timeline, and the highest number. A reader who has not
-- seen it comes too late. One row.
CREATE TABLE change_log_horizon (
    id integer CONSTRAINT change_log_horizon_pkey PRIMARY KEY CONSTRAINT change_log_horizon_id_check CHECK (id = 1),
    timeline integer NOT NULL,
    transaction_id xid8 NOT NULL,
    sequence bigint NOT NULL
);
INSERT INTO change_log_horizon (id, timeline, transaction_id, sequence) VALUES (1, 0, '0', 0);
COMMENT ON TABLE change_log_horizon IS 'system: how far the change log was pruned';

-- Looks at the oldest entries, no more than `most`, removes those that are older than so many days (one at least), and
-- says how many that were; none while another server does so.
CREATE FUNCTION prune_change_log(retention_days integer, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before_institution text := coalesce(current_setting('phr.institution', true), '');
    before_patient text := coalesce(current_setting('phr.patient', true), '');
    kept_from timestamptz := now() - make_interval(days => least(greatest(retention_days, 1), 36500));
    pruned integer;
BEGIN
    IF retention_days IS NULL OR NOT pg_try_advisory_xact_lock(hashtextextended('phr change log', 0)) THEN
        RETURN 0;
    END IF;
    -- The owner, too, sees entries only within a boundary.
    PERFORM set_config('phr.institution', 'all', true), set_config('phr.patient', '', true);
    WITH oldest AS (
        SELECT sequence FROM public.change_log ORDER BY sequence LIMIT most
    ), gone AS (
        DELETE FROM public.change_log AS log USING oldest
         WHERE log.sequence = oldest.sequence AND log.occurred_at < kept_from
        RETURNING log.timeline, log.transaction_id, log.sequence
    ), newest AS (
        SELECT timeline, transaction_id FROM gone ORDER BY timeline DESC, transaction_id DESC LIMIT 1
    ), moved AS (
        UPDATE public.change_log_horizon AS horizon
           SET timeline = CASE WHEN is_newer THEN newest.timeline ELSE horizon.timeline END,
               transaction_id = CASE WHEN is_newer THEN newest.transaction_id ELSE horizon.transaction_id END,
               sequence = greatest(horizon.sequence, (SELECT max(gone.sequence) FROM gone))
          FROM newest
          CROSS JOIN LATERAL (
              SELECT (newest.timeline, newest.transaction_id) > (before.timeline, before.transaction_id) AS is_newer
                FROM public.change_log_horizon AS before
          ) AS compared
    )
    SELECT count(*) INTO pruned FROM gone;
    PERFORM set_config('phr.institution', before_institution, true), set_config('phr.patient', before_patient, true);
    RETURN pruned;
END
$$;

REVOKE EXECUTE ON FUNCTION prune_change_log(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_change_log(integer, integer) TO phr_server;
GRANT SELECT ON change_log_horizon TO phr_server;
