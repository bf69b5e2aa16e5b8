-- A record can go from one patient to another: when registers are merged, and when that is undone. Who loses it is told
-- that it went.

ALTER TABLE change_log ADD COLUMN former_patient_id uuid;

-- As before; and the patient whose the record was.
CREATE OR REPLACE FUNCTION append_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
    operation_done text := 'CREATED';
    fields text[] := '{}';
    before jsonb;
    institution uuid;
    former_institution uuid;
    actor uuid;
    request uuid;
    session uuid;
    patient uuid;
    former_patient uuid;
    form CONSTANT text := '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
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

    IF TG_ARGV[0] = ANY ('{HealthProfile,Email,Phone,Address,Identifier,PatientCondition,PatientMedication,PatientAllergy,PatientValidation,Appointment}') THEN
        patient := NEW.patient_id;
        IF TG_OP = 'UPDATE' THEN
            former_patient := nullif(OLD.patient_id, NEW.patient_id);
        END IF;
    ELSIF TG_ARGV[0] = 'PatientMerge' THEN
        patient := NEW.kept_id;
    END IF;

    -- Settings are free text: one that is not a uuid is left out rather than allowed to make the write fail. To look first
    -- would cost every write a quarter of what its log costs.
    BEGIN
        actor := nullif(current_setting('phr.actor', true), '')::uuid;
        request := nullif(current_setting('phr.request', true), '')::uuid;
        session := nullif(current_setting('phr.session', true), '')::uuid;
    EXCEPTION WHEN invalid_text_representation THEN
        actor := substring(current_setting('phr.actor', true) FROM form)::uuid;
        request := substring(current_setting('phr.request', true) FROM form)::uuid;
        session := substring(current_setting('phr.session', true) FROM form)::uuid;
    END;
    INSERT INTO public.change_log
        (entity, key, institution_id, former_institution_id, operation, version, changed_fields, actor_id, request_id,
         session_id, patient_id, former_patient_id)
    VALUES
        (TG_ARGV[0], NEW.uuid, institution, former_institution, operation_done, NEW.version, fields, actor, request,
         session, patient, former_patient);
    RETURN NULL;
END
$$;
