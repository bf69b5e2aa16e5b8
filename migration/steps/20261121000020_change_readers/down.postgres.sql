DROP FUNCTION prune_change_log(integer, integer);
DROP TABLE change_log_horizon;

CREATE OR REPLACE FUNCTION append_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    operation_done text := 'CREATED';
    fields text[] := '{}';
    before jsonb;
    institution uuid;
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
    ELSIF TG_ARGV[1] = 'uuid' THEN
        institution := NEW.uuid;
    END IF;

    -- Settings are free text: one that is not a uuid is left out rather than allowed to make the write fail.
    INSERT INTO public.change_log
        (entity, key, institution_id, operation, version, changed_fields, actor_id, request_id)
    VALUES
        (TG_ARGV[0], NEW.uuid, institution, operation_done, NEW.version, fields,
         CASE WHEN current_setting('phr.actor', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.actor', true)::uuid END,
         CASE WHEN current_setting('phr.request', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN current_setting('phr.request', true)::uuid END);
    RETURN NULL;
END
$$;

ALTER POLICY tenant ON change_log
    USING ((SELECT boundary_is_all()) IS NOT NULL OR institution_id = (SELECT boundary_institution()));

DROP INDEX change_log_timeline_transaction_id_idx;
CREATE INDEX change_log_transaction_id_idx ON change_log (transaction_id);

ALTER TABLE change_log DROP COLUMN timeline, DROP COLUMN session_id, DROP COLUMN former_institution_id;
