-- Form 2 of the audit trail: an entry is what one request did to patients of one institution in one way, with up to 1000
-- patients, as FHIR's AuditEvent has several entities. Entries of form 1, of one patient each, stay as they are: their
-- bytes are hashed.

ALTER TABLE audit_events
    ADD COLUMN form smallint NOT NULL DEFAULT 1
        CONSTRAINT audit_events_form_check CHECK (form IN (1, 2)),
    -- The patients whose data it was, of form 2; null where it was nobody's.
    ADD COLUMN patient_ids uuid[]
        CONSTRAINT audit_events_patient_ids_check CHECK (cardinality(patient_ids) BETWEEN 1 AND 1000),
    -- Of an entry about a question: by which fields and operators it asked, how many records matched, and its arguments,
    -- sealed under a key that the database does not have.
    ADD COLUMN operators text[],
    ADD COLUMN matched bigint CONSTRAINT audit_events_matched_check CHECK (matched >= 0),
    ADD COLUMN query bytea,
    ADD CONSTRAINT audit_events_shape_check CHECK (
        CASE form WHEN 1 THEN num_nonnulls(patient_ids, operators, matched, query) = 0 ELSE patient_id IS NULL END);
CREATE INDEX audit_events_patient_ids_idx ON audit_events USING gin (patient_ids) WHERE patient_ids IS NOT NULL;

-- Containment of arrays is not leakproof: under row policies no index is used for it, not for the owner either (FORCE). So
-- entries are found by patient as a role of its own that sees the whole of this table and nothing else. It takes the
-- boundary from the session's settings, never from an argument.
--
-- The policy of the table shows a patient no entry of form 2, which may name others. What a patient sees comes from
-- a function, with the own key alone.
GRANT SELECT ON audit_events TO phr_audit_reader;
CREATE POLICY lookup ON audit_events FOR SELECT TO phr_audit_reader USING (true);

SET LOCAL ROLE phr_audit_reader;

-- Entries about any of these patients within the boundary, by key and instant: the instant tells the partition.
CREATE FUNCTION audit_events_of(patients uuid[]) RETURNS TABLE (uuid uuid, occurred_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    is_all constant boolean := public.boundary_is_all() IS NOT NULL;
    within constant uuid := public.boundary_institution();
    own constant uuid := public.boundary_patient();
BEGIN
    IF own IS NOT NULL THEN
        -- Of other patients nothing is said, not even that there is an entry.
        patients := CASE WHEN own = ANY (patients) THEN ARRAY[own] ELSE '{}' END;
    END IF;
    RETURN QUERY
        SELECT event.uuid, event.occurred_at FROM public.audit_events AS event
         WHERE event.patient_ids && patients
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within)
        UNION ALL
        SELECT event.uuid, event.occurred_at FROM public.audit_events AS event
         WHERE event.patient_id = ANY (patients)
           AND (is_all OR own IS NOT NULL OR event.institution_id = within OR event.resource_institution_id = within);
END
$$;

-- What a patient sees of the trail: the events that name the own key, and no other key of theirs. Hashes and sealed
-- arguments are left out. Rows as the table's, whose texts have its collation.
CREATE FUNCTION own_audit_events() RETURNS SETOF audit_events
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    own constant uuid := public.boundary_patient();
BEGIN
    RETURN QUERY
        SELECT event.uuid, event.instance, event.sequence, event.occurred_at, event.actor_id, event.role,
            event.session_id, event.institution_id, event.grant_id, event.origin, event.request_id, event.action,
            event.resource, event.resource_id, event.version, event.resource_institution_id, event.patient_id,
            event.fields, event.outcome, event.settles, NULL::bytea, NULL::bytea, event.form, ARRAY[own],
            event.operators, event.matched, NULL::bytea
          FROM public.audit_events AS event WHERE event.patient_ids @> ARRAY[own]
        UNION ALL
        SELECT event.uuid, event.instance, event.sequence, event.occurred_at, event.actor_id, event.role,
            event.session_id, event.institution_id, event.grant_id, event.origin, event.request_id, event.action,
            event.resource, event.resource_id, event.version, event.resource_institution_id, event.patient_id,
            event.fields, event.outcome, event.settles, NULL::bytea, NULL::bytea, event.form, event.patient_ids,
            event.operators, event.matched, NULL::bytea
          FROM public.audit_events AS event WHERE event.patient_id = own;
END
$$;

REVOKE EXECUTE ON FUNCTION audit_events_of(uuid[]), own_audit_events() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_events_of(uuid[]), own_audit_events() TO phr_server, phr_owner;

SET LOCAL ROLE phr_owner;

-- An event once for each of its patients, as FHIR's AuditEvent is read by patient; once where it has none. A patient finds
-- the own ones.
CREATE VIEW audit_event_patients WITH (security_invoker) AS
SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
    action, resource, resource_id, version, resource_institution_id, known.patient_id, fields, operators, matched, outcome,
    settles
FROM (
    SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
        action, resource, resource_id, version, resource_institution_id, coalesce(patient_ids, ARRAY[patient_id]), fields,
        operators, matched, outcome, settles
    FROM audit_events WHERE (SELECT boundary_has_all_patients()) IS NOT NULL
    UNION ALL
    SELECT uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
        action, resource, resource_id, version, resource_institution_id, coalesce(patient_ids, ARRAY[patient_id]), fields,
        operators, matched, outcome, settles
    FROM own_audit_events()
) AS event (uuid, occurred_at, instance, sequence, actor_id, role, session_id, institution_id, grant_id, origin, request_id,
    action, resource, resource_id, version, resource_institution_id, patients, fields, operators, matched, outcome, settles)
CROSS JOIN LATERAL unnest(event.patients) AS known (patient_id);

COMMENT ON VIEW audit_event_patients IS 'tenant: as audit_events';
GRANT SELECT ON audit_event_patients TO phr_server;
